import { ConfigurationError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { bashCompletion } from "./completion_bash.ts";
import { fishCompletion } from "./completion_fish.ts";
import { zshCompletion } from "./completion_zsh.ts";
import { nearest } from "../../config/nearest.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `ranger completion` */
export const completion = defineCommand({
  name: "completion",
  summary: "Prints what completes commands and flags in a shell",
  description: "`make install` puts it where shells look. Where it did not:\n" +
    "bash: in ~/.bashrc, source <(ranger completion bash)\n" +
    "zsh:  in ~/.zshrc after compinit, source <(ranger completion zsh)\n" +
    "fish: ranger completion fish > ~/.config/fish/completions/ranger.fish",
  usage: "ranger completion bash|zsh|fish",
  example: "source <(ranger completion bash)",
  positionals: { min: 1, max: 1 },
  words: Object.keys(SHELLS),
  settings: false,
  async run({ positionals: [shell = ""] }) {
    const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell as keyof typeof SHELLS] : undefined;
    if (write === undefined) {
      const near = nearest(shell, Object.keys(SHELLS));
      throw new ConfigurationError(
        `there is no completion for that shell; ${
          near === undefined
            ? `right would be ${Object.keys(SHELLS).join(", ")}`
            : `the nearest is ${near}`
        }`,
      );
    }
    console.log(await write());
    return 0;
  },
});
