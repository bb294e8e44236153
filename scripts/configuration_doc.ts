/**
 * Writes docs/configuration.md from the declared settings.
 *
 *     deno run -A scripts/configuration_doc.ts           writes it
 *     deno run -A scripts/configuration_doc.ts --check   exits with 1 when it is not current
 */
import { isLive } from "../src/config/changes.ts";
import { exampleFile } from "../src/config/example.ts";
import { RBAC } from "../src/config/rbac.ts";
import {
  eachSetting,
  environmentNames,
  type Section,
  SECTIONS,
  type Setting,
  type SettingKey,
} from "../src/config/settings.ts";
import { formatted, writeOrCheck } from "./generated.ts";
import { cells, code, prose } from "./markdown.ts";

const INTRODUCTION = `# Configuration

<!-- Written by scripts/configuration_doc.ts from src/config/settings/: change it there. -->

Every setting can be given by flag, by environment variable and in a TOML file. Flags win over the
environment, the environment over the file, the file over the default. \`ranger check\` takes the
same flags as \`ranger serve\`, shows each setting in force with its source, and tries key, broker
and ports.

- The file is the one that \`--config\` names, else \`RANGER_CONFIG\`, else
  \`/etc/ranger/ranger.toml\` where that exists.
- Each setting has an environment variable \`RANGER_<SECTION>_<KEY>\`. Those that deployments of
  Ruby Ranger and Rango already set are read as well; where several of one setting are set, the
  first one in its row counts. An empty variable counts as not set.
- In flags and environment a list has commas between its entries, and a switch in the environment
  is \`true\` or \`false\`.
- The single pieces of the broker's address (\`amqp.host\` and the like) go over \`amqp.url\` when
  they are set by the same kind of source or a stronger one: \`RABBITMQ_HOST\` changes the host of
  an \`amqp.url\` from the file, and does nothing to one given by \`--amqp-url\`. Where
  \`amqp.urls\` has entries it takes the place of \`amqp.url\`, \`amqp.host\` and \`amqp.port\`, unless
  one of those is set by a stronger kind of source; user, password and virtual host go over each.
- An unknown flag, an unknown name in the file, and a value that does not fit end the start with
  exit code 78 and a message that names the setting, where it came from and what would be right.
  Secrets are never printed. A password given as a flag can be read in the process list by every
  user of the machine: prefer the environment or the file.
`;

/** What may change while the server runs. */
function reloading(): string {
  const live = eachSetting().filter(([key]) => isLive(key)).map(([key]) => code(key));
  return `## Changing settings while it runs

\`systemctl reload ranger\` (the signal SIGHUP) has Ranger read the file again, and the keys that
\`auth.public_key\` and \`auth.jwks_url\` name. No connection is dropped. It takes what changed of
${live.join(", ")} and the roles under \`rbac\`; the log names what else changed and needs a
restart. A mistake leaves everything as it was, and the log says what is wrong as the start would.
Flags and environment are those of the start: what they set, no file changes.

- Keys: a token must verify by the new keys from then on, also one that was verified before. Who is
  connected already stays authenticated until the token's \`exp\`; to cut off at once those whom a
  stolen key let in, restart.
- A key set that is asked at the same address is fetched at once; another address is taken only
  when a set can be had there.
- Roles: prefixed streams that a client may not have any more are taken from it.
- \`limits.message_bytes\` holds for new connections, all other limits for those there are as well.
`;
}

function section(name: Section): string {
  const rows = eachSetting().filter(([key]) => key.startsWith(`${name}.`)).map(
    row,
  );
  if (name === "rbac") {
    rows.push(cells([
      code("rbac.<prefix>"),
      code(`--${RBAC.flag} ${RBAC.placeholder}`),
      RBAC.environment.map(code).join(", "),
      "none",
      prose(
        `${RBAC.help}; the prefixes public and private are taken, and global.<id>.<event> is ` +
          "public unless it has roles",
      ),
    ]));
  }
  return [
    `## ${name}`,
    "",
    SECTIONS[name],
    "",
    cells(["setting", "flag", "environment", "default", "meaning"]),
    cells(["---", "---", "---", "---", "---"]),
    ...rows,
  ].join("\n");
}

function row([key, setting]: readonly [SettingKey, Setting]): string {
  return cells([
    code(key),
    flag(setting),
    environmentNames(key).map(code).join(", "),
    setting.defaultText ?? code(String(setting.default)),
    prose(setting.help),
  ]);
}

function flag({ flag, kind }: Setting): string {
  return kind.placeholder === ""
    ? `${code(`--${flag}`)}, ${code(`--no-${flag}`)}`
    : code(`--${flag} ${kind.placeholder}`);
}

function document(): string {
  return [
    INTRODUCTION,
    ...(Object.keys(SECTIONS) as Section[]).map((name) => `${section(name)}\n`),
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
