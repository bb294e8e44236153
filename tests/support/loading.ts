import assert from "node:assert/strict";
import { loadSettings } from "../../src/config/load.ts";
import type { LoadOptions } from "../../src/config/loaded.ts";
import { ConfigurationError } from "../../src/errors.ts";

/** Nothing of the machine that the tests run on. */
export const NOWHERE = {
  requireKey: false,
  defaultFile: "/nonexistent/ranger.toml",
  terminal: false,
};

/** The entry of one key, with settings loaded as given. */
export async function entryOf(
  key: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  options: LoadOptions = NOWHERE,
) {
  const { entries } = await loadSettings(args, environment, options);
  const entry = entries.find((one) => one.key === key);
  assert.ok(entry, `${key} is among the entries`);
  return entry;
}

/** The message of the error that loading ends with. */
export async function refusal(
  args: readonly string[],
  environment: Record<string, string> = {},
  options: LoadOptions = NOWHERE,
): Promise<string> {
  try {
    await loadSettings(args, environment, options);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.message;
  }
  return assert.fail(`${args.join(" ")} was taken`);
}
