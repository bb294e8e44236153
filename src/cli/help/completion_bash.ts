import type { Command } from "../command.ts";
import { DEFAULT_COMMAND } from "../commands.ts";
import { allCommands, COMMON_FLAGS, type Flag, ownFlags, settingsFlags } from "./flag_catalog.ts";

/** The completion for bash: needs nothing but bash 4, not even the package bash-completion. */
export async function bashCompletion(): Promise<string> {
  const commands = await allCommands();
  const names = commands.map(({ name }) => name).join(" ");
  return `# bash completion for ranger, written by: ranger completion bash
_ranger() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=${DEFAULT_COMMAND} flags= words= files=
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
  local settings='${written(settingsFlags())}'
  case $command in
${commands.map(flagsCase).join("\n")}
  *) return ;;
  esac
  case $command$previous in
${commands.flatMap((command) => valueCases(command.name, ownFlags(command))).join("\n")}
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

function flagsCase(command: Command): string {
  const flags = `${written([...ownFlags(command), ...COMMON_FLAGS])}`;
  const settings = command.settings ? " $settings" : "";
  return `  ${command.name}) flags="${flags}${settings}" words='${
    command.words?.join(" ") ?? ""
  }' ;;`;
}

/** What comes after a flag that takes a value: words, files, or something that nobody can guess. */
function valueCases(prefix: string, flags: readonly Flag[]): string[] {
  return flags.filter(({ value }) => value !== undefined).map(({ name, words, file }) => {
    if (file) return `  ${prefix}--${name}) files=1 ;;`;
    if (words.length > 0) return `  ${prefix}--${name}) words='${words.join(" ")}' ;;`;
    return `  ${prefix}--${name}) return ;;`;
  });
}

function settingsCases(commands: readonly Command[]): string {
  const names = commands.filter(({ settings }) => settings).map(({ name }) => name).join("|");
  return `  case $command in
  ${names})
    case $previous in
${valueCases("  ", settingsFlags()).join("\n")}
    esac
    ;;
  esac`;
}
