import { findExecutable } from "./executables.ts";

/** A certificate and its private key, as PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is for. */
export interface CertificateOptions {
  /** `DNS:mq.example,IP:127.0.0.1`; left out for clients. */
  readonly names?: string;
  /** Its validity ended long ago. */
  readonly expired?: boolean;
}

/**
 * A certificate authority for one test, made with openssl.
 *
 * @example
 * ```ts
 * const authority = await CertificateAuthority.create(await Deno.makeTempDir(), "ca");
 * const { cert, key } = await authority.issue("server", { names: "DNS:mq.example" });
 * ```
 */
export class CertificateAuthority {
  /** PEM file of the authority's own certificate. */
  readonly cert: string;
  readonly #key: string;
  readonly #folder: string;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.cert = `${folder}/${name}.pem`;
    this.#key = `${folder}/${name}.key`;
  }

  /** @param name of its files, and its common name */
  static async create(folder: string, name: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(folder, name);
    await openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", `/CN=${name}`, "-days", "3650", "-keyout", authority.#key],
      ...["-out", authority.cert],
    );
    return authority;
  }

  /** @param name of the files, and the common name */
  async issue(name: string, options: CertificateOptions = {}): Promise<Certificate> {
    const { names, expired = false } = options;
    const [cert, key] = [`${this.#folder}/${name}.pem`, `${this.#folder}/${name}.key`];
    const [request, extensions] = [`${this.#folder}/${name}.csr`, `${this.#folder}/${name}.ext`];
    await openssl(
      ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", `/CN=${name}`, "-keyout", key, "-out", request],
    );
    await Deno.writeTextFile(
      extensions,
      [
        "basicConstraints = CA:FALSE",
        `extendedKeyUsage = ${names === undefined ? "clientAuth" : "serverAuth"}`,
        ...(names === undefined ? [] : [`subjectAltName = ${names}`]),
        "",
      ].join("\n"),
    );
    // `openssl ca`, since x509 takes a beginning from OpenSSL 3.4 on only, and a certificate that ends
    // before it begins is refused as not valid yet. With files for each certificate, two at a time.
    const [settings, database] = [`${this.#folder}/${name}.conf`, `${this.#folder}/${name}.db`];
    await Deno.writeTextFile(database, "");
    await Deno.writeTextFile(
      settings,
      [
        "[ca]",
        "default_ca = test",
        "[test]",
        `database = ${database}`,
        `new_certs_dir = ${this.#folder}`,
        "rand_serial = yes",
        "default_md = sha256",
        "policy = names",
        "[names]",
        "commonName = supplied",
        "",
      ].join("\n"),
    );
    await openssl(
      ...["ca", "-batch", "-config", settings, "-in", request, "-extfile", extensions],
      ...["-cert", this.cert, "-keyfile", this.#key, "-out", cert],
      ...expired ? LONG_AGO : ["-days", "3650"],
    );
    return { cert, key };
  }
}

/** Two digits for the year, as up to 2049 (RFC 5280, section 4.1.2.5). */
const LONG_AGO = ["-startdate", "200101000000Z", "-enddate", "200102000000Z"];

async function openssl(...args: readonly string[]): Promise<void> {
  const file = findExecutable("openssl", ["/usr/bin"]);
  if (file === undefined) throw new Error("openssl is not installed");
  const { success, stderr } = await new Deno.Command(file, {
    args: [...args],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`openssl ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
}
