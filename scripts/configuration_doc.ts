/**
 * Writes docs/configuration.md from the declared settings.
 *
 *     deno run -A scripts/configuration_doc.ts           writes it
 *     deno run -A scripts/configuration_doc.ts --check   exits with 1 when it is not current
 */
import { exampleFile } from "./example_file.ts";
import { flagUsage, LISTED_SETTINGS, type ListedSetting } from "../src/config/flag_catalog.ts";
import { type Section, SECTIONS } from "../src/config/settings.ts";
import { formatted, writeOrCheck } from "./generated.ts";
import { cells, code, prose } from "./markdown.ts";

const INTRODUCTION = `# Configuration

<!-- Written by scripts/configuration_doc.ts from src/config/settings/: change it there. -->

Every setting can be given by flag, by environment variable and in a TOML file. Flags override the
environment, the environment overrides the file, and the file overrides the default. \`ranger check\`
takes the same flags as \`ranger serve\`, shows with \`--verbose\` each setting with its source, and checks files, keys,
broker and ports. Where ranger.service is installed, it checks with the environment and the user of
that unit (\`--unit\` names another one, \`--unit none\` takes those of the shell).

- The file is the one that \`--config\` names, otherwise \`RANGER_CONFIG\`, otherwise
  \`/etc/ranger/ranger.toml\` if it exists.
- Each setting has an environment variable \`RANGER_<SECTION>_<KEY>\`. The variables that deployments
  of Ruby Ranger and Rango already set are read as well; if several variables of one setting are set,
  the first one in its row counts. An empty variable counts as not set.
- Secrets can be kept in files. Every variable can be given with \`_FILE\` behind its name, as the
  path of a file that holds the value: \`RABBITMQ_PASSWORD_FILE=/run/secrets/rabbitmq\`. In the file
  and as flags the secrets have such a form as well: \`password_file\`, \`--amqp-password-file\`. A line
  break at the end of the file is not part of the value. To give both forms is an error, and so is a
  variable \`RANGER_…_FILE\`, \`RANGO_…_FILE\` or \`RABBITMQ_…_FILE\` that belongs to no setting.
- A path may begin with \`$CREDENTIALS_DIRECTORY/\`: the folder in which systemd puts the credentials
  of a service, which no other process of that user can read. With
  \`LoadCredential=rabbitmq:/etc/ranger/rabbitmq\` in a drop-in of the unit, whose file only root needs
  to be able to read, \`RABBITMQ_PASSWORD_FILE=$CREDENTIALS_DIRECTORY/rabbitmq\` in \`ranger.env\` is the
  password.
- In flags and environment the entries of a list are separated by commas, and a switch in the
  environment is \`true\` or \`false\`.
- A setting's old name still works as flag, environment variable and key in the file; Ranger logs a
  warning with the new name at start. A source that gives both names is refused.
- The parts of the broker's address (\`amqp.host\` and the like) override \`amqp.url\` if they are set
  by the same kind of source or a stronger one: \`RABBITMQ_HOST\` changes the host of an \`amqp.url\`
  from the file, and does not change one given by \`--amqp-url\`. If \`amqp.urls\` has entries it
  replaces \`amqp.url\`, \`amqp.host\` and \`amqp.port\`, unless one of those is set by a stronger kind
  of source; user, password and virtual host override those of each entry.
- With \`--ignore-unknown\` or \`RANGER_IGNORE_UNKNOWN=true\` unknown names in the file are ignored, each
  with a warning at start. It is for the way back to an earlier version, which does not know the
  settings of the newer one; otherwise a misspelt setting would go unnoticed.
- An unknown flag, an unknown name in the file, and an invalid value end the start with exit code 78
  and a message that names the setting, its source and what is expected. Secrets are never printed. A
  password given as a flag is visible in the process list to every user of the machine: prefer the
  environment or the file.
`;

/** How settings change while the server runs. */
function reloading(): string {
  const live = [...LISTED_SETTINGS.values()].flat().filter(({ live }) => live)
    .map(({ key }) => code(key));
  return `## Changing settings while Ranger runs

\`systemctl reload ranger\` (the signal SIGHUP) makes Ranger read the file again, and the keys that
\`auth.public_key\` and \`auth.jwks_url\` name. No connection is dropped. Ranger applies changes of
${
    live.join(", ")
  }; the log names every other setting that changed and needs a restart. If anything is
wrong, everything stays as it was, and the log has the same message as a failed start. Flags and
environment are those of the start: the file does not change what they set.

- Keys: from then on tokens are verified by the new keys, also tokens that were verified before.
  Connections stay authenticated until their token expires, even after its key is removed; to cut off
  the users of a stolen key at once, restart.
- A key set at the same address is fetched at once; another address is used only after a set was
  fetched from it.
- Roles: clients lose the prefixed streams that their role no longer allows.
- \`limits.message_bytes\` applies to new connections, all other limits to existing ones as well.
`;
}

function section([name, settings]: readonly [Section, readonly ListedSetting[]]): string {
  return [
    `## ${name}`,
    "",
    SECTIONS[name],
    "",
    cells(["setting", "flag", "environment", "default", "meaning"]),
    cells(["---", "---", "---", "---", "---"]),
    ...settings.map(row),
  ].join("\n");
}

function row(
  { key, flags, environment, defaultText, isWords, help, formerKey, fileKey }: ListedSetting,
): string {
  const former = formerKey === undefined ? "" : `. Its old name ${code(formerKey)} still works`;
  return cells([
    fileKey === undefined ? code(key) : `${code(key)}, ${code(fileKey)}`,
    flags.map((flag) => code(flagUsage(flag))).join(", "),
    environment.map(code).join(", "),
    isWords ? defaultText : code(defaultText),
    prose(help) + former,
  ]);
}

function document(): string {
  return [
    INTRODUCTION,
    ...[...LISTED_SETTINGS].map((one) => `${section(one)}\n`),
    reloading(),
    "## A file with every setting\n",
    "Each line that begins with `#` and a name shows the default or an example.\n",
    `\`\`\`toml\n${exampleFile()}\`\`\`\n`,
  ].join("\n");
}

if (import.meta.main) {
  const text = await formatted(document(), "md");
  await writeOrCheck(
    "docs/configuration.md",
    "scripts/configuration_doc.ts",
    text,
  );
}
