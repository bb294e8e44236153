import { nearest } from "../../config/nearest.ts";
import { ConfigurationError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { bashCompletion } from "./completion_bash.ts";
import { fishCompletion } from "./completion_fish.ts";
import { zshCompletion } from "./completion_zsh.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `ranger completion` */
export const completion = defineCommand({
  name: "completion",
  summary: "Prints a script that completes commands and flags in a shell",
  description: "`make install` puts it where shells look. Otherwise:\n" +
    "bash: in ~/.bashrc, source <(ranger completion bash)\n" +
    "zsh:  in ~/.zshrc after compinit, source <(ranger completion zsh)\n" +
    "fish: ranger completion fish > ~/.config/fish/completions/ranger.fish",
  usage: "ranger completion bash|zsh|fish",
  example: "source <(ranger completion bash)",
  positionals: { min: 1, max: 1 },
  words: Object.keys(SHELLS),
  settings: false,
  async run({ positionals: [shell = ""], commands }) {
    const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell as keyof typeof SHELLS] : undefined;
    if (script === undefined) {
      const near = nearest(shell, Object.keys(SHELLS));
      const hint = near === undefined
        ? `expected ${Object.keys(SHELLS).join(", ")}`
        : `did you mean ${near}?`;
      throw new ConfigurationError(`unknown shell; ${hint}`);
    }
    console.log(script(await commands.all(), commands));
    return 0;
  },
});
