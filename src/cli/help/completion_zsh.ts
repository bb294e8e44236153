import type { Command } from "../command.ts";
import { DEFAULT_COMMAND } from "../commands.ts";
import { allCommands, COMMON_FLAGS, type Flag, ownFlags, settingsFlags } from "./flag_catalog.ts";

/** The completion for zsh, with descriptions; works from fpath and by source. */
export async function zshCompletion(): Promise<string> {
  const commands = await allCommands();
  return `#compdef ranger
# zsh completion for ranger, written by: ranger completion zsh
_ranger() {
  local -a commands settings
  local command=${DEFAULT_COMMAND}
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  settings=(
${settingsFlags().map(specification).join("\n")}
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
${commands.map(argumentsOf).join("\n")}
  esac
}
if [[ $funcstack[1] == _ranger ]]; then
  _ranger "$@"
else
  compdef _ranger ranger
fi`;
}

function argumentsOf(command: Command): string {
  const flags = [...ownFlags(command), ...COMMON_FLAGS].map(specification);
  const { words = [] } = command;
  const rest = words.length === 0 ? "" : ` \\\n      '*:argument:(${words.join(" ")})'`;
  const settings = command.settings ? " $settings" : "";
  return `  ${command.name})
    _arguments${settings} \\
${flags.map((flag) => `  ${flag}`).join(" \\\n")}${rest}
    ;;`;
}

/** `--port=[Port that clients connect to]:PORT: ` */
function specification({ name, help, value, words, file }: Flag): string {
  const told = help.replace(/[[\]\\]/g, "\\$&");
  if (value === undefined) return `    ${quoted(`--${name}[${told}]`)}`;
  const action = file ? "_files" : words.length > 0 ? `(${words.join(" ")})` : " ";
  return `    ${quoted(`--${name}=[${told}]:${value.replace(/[:\\]/g, "\\$&")}:${action}`)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
