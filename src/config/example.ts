import { LEEWAYS } from "./settings/auth.ts";
import { eachSetting, type Section, SECTIONS } from "./settings.ts";

/** What settings without a default of their own are shown with. */
const SHOWN: Readonly<Record<string, unknown>> = {
  "server.origins": ["trade.example.com", "*.example.com"],
  "amqp.urls": ["amqp://guest:guest@mq1:5672/", "amqp://guest:guest@mq2:5672/"],
  "amqp.host": "localhost",
  "amqp.port": 5672,
  "amqp.user": "guest",
  "amqp.password": "guest",
  "amqp.vhost": "/",
  "auth.public_key": "/etc/ranger/jwt.pub",
  "auth.jwks_url": "https://auth.example.com/.well-known/jwks.json",
  "auth.algorithm": "RS256",
  "auth.issuer": "barong",
  "auth.audience": ["peatio", "barong"],
  "auth.leeway": LEEWAYS.nbf,
  "auth.exp_leeway": LEEWAYS.exp,
  "auth.nbf_leeway": LEEWAYS.nbf,
  "auth.iat_leeway": LEEWAYS.iat,
  "log.format": "json",
};

/**
 * A configuration file with every setting in it, commented out, each with its help.
 *
 * @returns TOML; with all the settings' `# ` taken away it still loads
 * @example
 * ```ts
 * await Deno.writeTextFile("ranger.toml", exampleFile());
 * ```
 */
export function exampleFile(): string {
  const sections = (Object.keys(SECTIONS) as Section[]).map((section) => {
    const lines = eachSetting()
      .filter(([key]) => key.startsWith(`${section}.`))
      .flatMap(([key, setting]) => [
        `# ${setting.help}.`,
        `#${key.slice(section.length + 1)} = ${toml(SHOWN[key] ?? setting.default)}`,
      ]);
    if (section === "rbac") {
      lines.push(
        "# Roles that may have the streams admin.<id>.<event>; any other prefix alike.",
        '#admin = ["admin", "superadmin"]',
      );
    }
    return [`# ${SECTIONS[section]}`, `[${section}]`, ...lines].join("\n");
  });
  return `${sections.join("\n\n")}\n`;
}

function toml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(toml).join(", ")}]` : JSON.stringify(value);
}
