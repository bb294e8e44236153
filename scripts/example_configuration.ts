/**
 * Writes systemd/ranger.toml, the example that `make install` puts in place, from the declared
 * settings.
 *
 *     deno run -A scripts/example_configuration.ts           writes it
 *     deno run -A scripts/example_configuration.ts --check   exits with 1 when it is not current
 */
import { exampleFile } from "./example_file.ts";

const FILE = new URL("../systemd/ranger.toml", import.meta.url);

const HEAD =
  `# The configuration of Ranger. Every line that begins with # and a name shows a default or an
# example. \`ranger check\` shows the settings in force, and tries them.
#
# The environment overrides this file. Secrets belong there: the service reads ranger.env beside
# this file (mode 0600), with lines such as RABBITMQ_PASSWORD=… and JWT_PUBLIC_KEY=….

`;

const wanted = HEAD + exampleFile();
if (Deno.args[0] !== "--check") {
  await Deno.writeTextFile(FILE, wanted);
} else if (await Deno.readTextFile(FILE) !== wanted) {
  console.error(
    "systemd/ranger.toml is not current: run scripts/example_configuration.ts",
  );
  Deno.exit(1);
}
