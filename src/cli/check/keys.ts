import { loadVerificationKeys } from "../../auth/keys.ts";
import { RemoteKeys } from "../../auth/remote_keys.ts";
import { Revocations } from "../../auth/revocations.ts";
import type { VerificationKey } from "../../auth/verification_key.ts";
import type { Loaded } from "../../config/loaded.ts";
import type { Settings } from "../../config/shape.ts";
import { type Finding, settingProblem, UNAVAILABLE } from "./finding.ts";

/**
 * Loads the keys that tokens would be verified with.
 *
 * @param fetches whether the key set of `auth.jwks_url` is fetched
 */
export async function tryKeys(loaded: Loaded, fetches: boolean): Promise<Finding[]> {
  const { auth } = loaded.settings;
  if (!auth.enabled) {
    return [{ name: "key", text: "not needed: public streams only", exitCode: 0 }];
  }
  const findings: Finding[] = [];
  if (auth.publicKey !== "" || auth.jwksUrl === "") {
    findings.push(...await tryPublicKey(auth, loaded));
  }
  if (auth.revoked !== "") findings.push(await tryRevoked(auth.revoked, loaded));
  if (auth.jwksUrl !== "" && fetches) findings.push(await tryJwks(auth));
  return findings;
}

async function tryPublicKey(
  { publicKey, algorithm }: Settings["auth"],
  loaded: Loaded,
): Promise<Finding[]> {
  const name = "key";
  try {
    const keys = await loadVerificationKeys(publicKey, { algorithm });
    return keys.map((key) => ({
      name,
      text: `${described(key)}, ${key.fingerprint}`,
      exitCode: 0,
    }));
  } catch (thrown) {
    const error = settingProblem(thrown, loaded);
    const hint = publicKey === "" ? "; --no-auth runs public streams only" : "";
    return [{ name, text: error.message + hint, exitCode: error.exitCode }];
  }
}

async function tryRevoked(path: string, loaded: Loaded): Promise<Finding> {
  const name = "revoked";
  try {
    const { size } = await Revocations.read(path);
    return { name, text: `${size} ${size === 1 ? "entry" : "entries"} in ${path}`, exitCode: 0 };
  } catch (thrown) {
    const error = settingProblem(thrown, loaded);
    return { name, text: error.message, exitCode: error.exitCode };
  }
}

async function tryJwks(auth: Settings["auth"]): Promise<Finding> {
  const remote = new RemoteKeys(auth, () => {});
  await remote.refresh();
  const { url, failure } = remote.state;
  const keys = remote.keys.map((key) => `${key.kid ?? "without kid"} (${described(key)})`);
  return failure === undefined
    ? { name: "jwks", text: `${url}: ${keys.join("; ")}`, exitCode: 0 }
    : { name: "jwks", text: `${url}: ${failure}`, exitCode: UNAVAILABLE };
}

function described({ kind, algorithm }: VerificationKey): string {
  return `${kind}, verifies ${algorithm}`;
}
