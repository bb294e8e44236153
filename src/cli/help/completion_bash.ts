import {
  commandFlags,
  COMMON_FLAGS,
  type Flag,
  SETTINGS_FLAGS,
} from "../../config/flag_catalog.ts";
import { type Command, type CommandTable, suggestedWords } from "../command.ts";

/** The completion for bash 4 and later; the package bash-completion is not needed. */
export function bashCompletion(commands: readonly Command[], table: CommandTable): string {
  const names = table.names.join(" ");
  return `# bash completion for ranger, written by: ranger completion bash
_ranger() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=${table.defaultName} flags= words= files=
  COMPREPLY=()
  # --flag=value comes as three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then
    COMPREPLY=($(compgen -W '${names}' -- "$current"))
    return
  fi
  [[ \${COMP_WORDS[1]} == -* ]] || command=\${COMP_WORDS[1]}
  local settings='${written(SETTINGS_FLAGS)}'
  case $command in
${commands.map((command) => flagsCase(command, table)).join("\n")}
  *) return ;;
  esac
  case $command$previous in
${commands.flatMap((command) => valueCases(command.name, commandFlags(command.options))).join("\n")}
  esac
${settingsCases(commands)}
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F _ranger ranger`;
}

function written(flags: readonly Flag[]): string {
  return flags.map(({ name }) => `--${name}`).join(" ");
}

function flagsCase(command: Command, table: CommandTable): string {
  const flags = written([...commandFlags(command.options), ...COMMON_FLAGS]);
  const settings = command.settings ? " $settings" : "";
  return `  ${command.name}) flags="${flags}${settings}" words='${
    suggestedWords(command, table).join(" ")
  }' ;;`;
}

/** What follows a flag that takes a value: words, files, or nothing to suggest. */
function valueCases(prefix: string, flags: readonly Flag[]): string[] {
  return flags.filter(({ placeholder }) => placeholder !== undefined).map(
    ({ name, words, isFile }) => {
      if (isFile) return `  ${prefix}--${name}) files=1 ;;`;
      if (words.length > 0) return `  ${prefix}--${name}) words='${words.join(" ")}' ;;`;
      return `  ${prefix}--${name}) return ;;`;
    },
  );
}

function settingsCases(commands: readonly Command[]): string {
  const names = commands.filter(({ settings }) => settings).map(({ name }) => name).join("|");
  return `  case $command in
  ${names})
    case $previous in
${valueCases("  ", SETTINGS_FLAGS).join("\n")}
    esac
    ;;
  esac`;
}
