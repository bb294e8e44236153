import { readKeyText } from "../../auth/key_text.ts";
import type { Loaded } from "../../config/loaded.ts";
import { type Finding, WRONG } from "./finding.ts";
import { type Account, findAccount, whyUnreadable } from "./readable.ts";
import type { Service } from "./service.ts";

/** A file that the service reads. */
interface CheckedFile {
  readonly path: string;
  /** `the configuration file`, `auth.public_key` */
  readonly what: string;
}

/**
 * Looks whether the service's user may read every file that the settings name. The environment file
 * and credentials are not among them: systemd reads those as root.
 */
export async function tryFiles(loaded: Loaded, service: Service): Promise<Finding[]> {
  const account = await findAccount(service.user);
  if (account === undefined) {
    const text = `${service.name} runs as the user ${service.user}, which does not exist; ` +
      "systemd-sysusers makes it";
    return [{ name: "user", text, exitCode: WRONG }];
  }
  const problems = await Promise.all(
    (await filesOf(loaded)).map(async (file) => {
      const why = await whyNot(file, account, service);
      return why === undefined ? [] : [`${file.what} ${file.path}: ${why}`];
    }),
  );
  const findings = problems.flat().map((text) => ({ name: "files", text, exitCode: WRONG }));
  if (findings.length > 0) return findings;
  return [{ name: "files", text: `the user ${service.user} may read them`, exitCode: 0 }];
}

async function whyNot(
  { path }: CheckedFile,
  account: Account,
  { name, hidden }: Service,
): Promise<string | undefined> {
  if (!path.startsWith("/")) {
    return `is a relative path, and ${name} starts in /; expected an absolute path`;
  }
  const folder = hidden.find((folder) => path.startsWith(`${folder}/`));
  if (folder !== undefined) {
    return `${name} does not see ${folder} (ProtectHome=, PrivateTmp=); expected a file ` +
      "elsewhere, such as in /etc/ranger";
  }
  const why = await whyUnreadable(path, account);
  return why === undefined
    ? undefined
    : `the user ${account.name} may not read it: ${why}; expected group ${account.group} and mode ` +
      `0640 (chgrp ${account.group} ${path} && chmod 640 ${path}), or LoadCredential= in the unit`;
}

async function filesOf({ file, files, settings }: Loaded): Promise<CheckedFile[]> {
  const { enabled, publicKey } = settings.auth;
  // The setting may be a key as well as a path; what is wrong with it is found where it is loaded.
  const isKeyFile = enabled && publicKey !== "" &&
    await readKeyText(publicKey, "auth.public_key").then(({ file }) => file, () => undefined);
  return [
    ...(file === undefined ? [] : [{ path: file, what: "the configuration file" }]),
    ...files
      .filter(({ setting, isCredential }) =>
        !isCredential && (setting !== "auth.public_key" || isKeyFile)
      )
      .map(({ setting, path }) => ({ path, what: setting })),
  ];
}
