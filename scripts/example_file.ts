import {
  eachSetting,
  fileForm,
  type Section,
  SECTIONS,
  type SettingKey,
} from "../src/config/settings.ts";

/**
 * A configuration file with every setting in it, commented out, each with its help.
 *
 * @returns TOML; with the `#` before each setting removed it still loads
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
        `# ${setting.help}.${orFile(key)}`,
        `#${key.slice(section.length + 1)} = ${toml(setting.example ?? setting.default)}`,
      ]);
    if (section === "rbac") {
      lines.push(
        "# Roles that may subscribe to the streams admin.<id>.<event>; any other prefix likewise.",
        '#admin = ["admin", "superadmin"]',
      );
    }
    return [`# ${SECTIONS[section]}`, `[${section}]`, ...lines].join("\n");
  });
  return `${sections.join("\n\n")}\n`;
}

/** The second form of a secret, which would contradict the first if both were uncommented. */
function orFile(key: SettingKey): string {
  const form = fileForm(key)?.replace(/^\w+\./, "");
  return form === undefined ? "" : ` Or ${form}: the path of a file that holds it.`;
}

function toml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(toml).join(", ")}]` : JSON.stringify(value);
}
