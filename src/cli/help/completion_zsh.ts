import {
  commandFlags,
  COMMON_FLAGS,
  type Flag,
  SETTINGS_FLAGS,
} from "../../config/flag_catalog.ts";
import { type Command, type CommandTable, suggestedWords } from "../command.ts";

/** The completion for zsh, with descriptions; works from fpath and with source. */
export function zshCompletion(commands: readonly Command[], table: CommandTable): string {
  return `#compdef ranger
# zsh completion for ranger, written by: ranger completion zsh
_ranger() {
  local -a commands settings
  local command=${table.defaultName}
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  settings=(
${SETTINGS_FLAGS.map(specification).join("\n")}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  if [[ $words[2] != -* ]]; then
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
${commands.map((command) => argumentsOf(command, table)).join("\n")}
  esac
}
if [[ $funcstack[1] == _ranger ]]; then
  _ranger "$@"
else
  compdef _ranger ranger
fi`;
}

function argumentsOf(command: Command, table: CommandTable): string {
  const flags = [...commandFlags(command.options), ...COMMON_FLAGS].map(specification);
  const words = suggestedWords(command, table);
  const rest = words.length === 0 ? "" : ` \\\n      '*:argument:(${words.join(" ")})'`;
  const settings = command.settings ? " $settings" : "";
  return `  ${command.name})
    _arguments${settings} \\
${flags.map((flag) => `  ${flag}`).join(" \\\n")}${rest}
    ;;`;
}

/** `--port=[Port that clients connect to]:PORT: ` */
function specification({ name, help, placeholder, words, isFile }: Flag): string {
  const escaped = help.replace(/[[\]\\]/g, "\\$&");
  if (placeholder === undefined) return `    ${quoted(`--${name}[${escaped}]`)}`;
  const action = isFile ? "_files" : words.length > 0 ? `(${words.join(" ")})` : " ";
  return `    ${
    quoted(`--${name}=[${escaped}]:${placeholder.replace(/[:\\]/g, "\\$&")}:${action}`)
  }`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
