import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ConfigurationError } from "../../errors.ts";

/** The files of a TLS connection to the broker: the settings of these names. Empty: none. */
export interface TlsFiles {
  readonly urls: readonly string[];
  /** Certificates of authorities to trust, in place of those that the runtime trusts. */
  readonly ca?: string;
  /** The client's certificate, with its chain. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the broker's certificate must have; the host where it is empty. */
  readonly tlsName?: string;
}

/** What the AMQP library hands on to node:tls. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** Blocks of PEM (RFC 7468 §2) with a certificate. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

/**
 * Reads the files, and checks that they are what the settings say.
 *
 * @throws {ConfigurationError} a file is missing, is not PEM, or the key is not the certificate's; or
 *   a setting would have no effect
 *
 * @example
 * ```ts
 * import { brokerClient } from "./client.ts";
 * const [url, ca] = ["amqps://mq:5671/", "/etc/ranger/ca.pem"];
 * const client = brokerClient(url, await readTls({ urls: [url], ca }));
 * ```
 */
export async function readTls(files: TlsFiles): Promise<TlsOptions> {
  const { ca = "", cert = "", key = "", tlsName = "" } = files;
  refuseUseless(
    { "amqp.ca": ca, "amqp.cert": cert, "amqp.key": key, "amqp.tls_name": tlsName },
    files,
  );
  return {
    ...(ca === "" ? {} : { ca: (await readCertificates("amqp.ca", ca)).text }),
    ...(cert === "" ? {} : await readPair(cert, key)),
    ...(tlsName === "" ? {} : { servername: tlsName }),
  };
}

/** Settings that have no effect are a mistake: TLS would be less than what was asked for. */
function refuseUseless(values: Readonly<Record<string, string>>, { urls }: TlsFiles): void {
  const given = Object.keys(values).filter((key) => values[key] !== "");
  if (given.length > 0 && !urls.some((url) => /^amqps:/i.test(url))) {
    throw new ConfigurationError(
      `${given[0]} is for TLS, and the broker's URL is amqp://; expected amqps://`,
    );
  }
  for (const [one, other] of [["amqp.cert", "amqp.key"], ["amqp.key", "amqp.cert"]]) {
    if (!given.includes(one!) || given.includes(other!)) continue;
    throw new ConfigurationError(`${one} is set without ${other}; expected both, or neither`);
  }
}

async function readPair(cert: string, key: string): Promise<{ cert: string; key: string }> {
  const { text, certificates: [own] } = await readCertificates("amqp.cert", cert);
  const privateKey = parseKey(key, await readText("amqp.key", key));
  if (own?.checkPrivateKey(privateKey) !== true) {
    throw new ConfigurationError(
      `amqp.key: ${key} is not the private key of the certificate in ${cert} (amqp.cert); ` +
        "expected the key that the certificate was requested with",
    );
  }
  return { cert: text, key: String(privateKey.export({ type: "pkcs8", format: "pem" })) };
}

async function readCertificates(
  setting: string,
  path: string,
): Promise<{ text: string; certificates: readonly X509Certificate[] }> {
  const text = await readText(setting, path);
  const blocks = text.match(CERTIFICATE) ?? [];
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    if (certificates.length > 0) return { text: blocks.join("\n"), certificates };
  } catch {
    // A block that is not a certificate.
  }
  throw new ConfigurationError(
    `${setting}: ${path} is not a certificate; expected PEM ` +
      "(-----BEGIN CERTIFICATE-----), one or several",
  );
}

function parseKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    const what = /ENCRYPTED/.test(text)
      ? "is encrypted with a passphrase; expected a private key without one (openssl pkey -in …)"
      : "is not a private key; expected PEM (-----BEGIN PRIVATE KEY-----)";
    throw new ConfigurationError(`amqp.key: ${path} ${what}`);
  }
}

async function readText(setting: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const what = error instanceof Deno.errors.NotFound
      ? "does not exist"
      : error instanceof Deno.errors.PermissionDenied
      ? "may not be read by the user that Ranger runs as"
      : `cannot be read: ${error instanceof Error ? error.message : error}`;
    throw new ConfigurationError(`${setting}: the file ${path} ${what}`);
  }
}
