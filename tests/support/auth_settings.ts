import type { AuthSettings } from "../../src/auth/claims.ts";
import { loadSettings } from "../../src/config/load.ts";
import { NOWHERE } from "./loading.ts";

const { settings } = await loadSettings([], {}, NOWHERE);

/** The settings about tokens, by default without any leeway, so that tests can be exact. */
export function authSettings(changes: Partial<AuthSettings> = {}): AuthSettings {
  return { ...settings.auth, expLeeway: 0, nbfLeeway: 0, iatLeeway: 0, ...changes };
}
