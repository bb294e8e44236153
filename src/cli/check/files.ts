import { readKeyText } from "../../auth/key_text.ts";
import type { Loaded } from "../../config/loaded.ts";
import { type Finding, WRONG } from "./finding.ts";
import { type Account, findAccount, whyUnreadable } from "./readable.ts";
import type { Service } from "./service.ts";

/** A file that the service reads. */
interface NamedFile {
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
  { path }: NamedFile,
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

async function filesOf({ file, settings }: Loaded): Promise<NamedFile[]> {
  const { enabled, publicKey } = settings.auth;
  // What is wrong with the key is found where it is loaded.
  const key = enabled && publicKey !== ""
    ? await readKeyText(publicKey, "auth.public_key").catch(() => undefined)
    : undefined;
  const { ca, cert, key: amqpKey } = settings.amqp;
  const ofBroker = Object.entries({ "amqp.ca": ca, "amqp.cert": cert, "amqp.key": amqpKey });
  return [
    ...(file === undefined ? [] : [{ path: file, what: "the configuration file" }]),
    ...(key?.file === undefined ? [] : [{ path: key.file, what: "auth.public_key" }]),
    ...ofBroker.filter(([, path]) => path !== "").map(([what, path]) => ({ path, what })),
  ];
}
