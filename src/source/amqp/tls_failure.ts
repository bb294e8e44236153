/** What is wrong with a TLS connection, by the error code of node:tls. */
const TEXTS: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "the broker's certificate is not from a trusted authority (amqp.ca)",
  // Deno has this code for most certificates that have expired, too.
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the broker's certificate is not from a trusted authority (amqp.ca), or has expired",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the broker's certificate is not from a trusted authority (amqp.ca)",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the broker's certificate is self-signed, and not trusted (amqp.ca)",
  CERT_HAS_EXPIRED: "the broker's certificate has expired",
  CERT_NOT_YET_VALID: "the broker's certificate is not valid yet: is the clock right?",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "the broker requires a client certificate (amqp.cert and amqp.key)",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    "the broker refused the TLS handshake; does it require a " +
    "client certificate (amqp.cert and amqp.key)?",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    "the broker does not trust the authority of the client certificate (amqp.cert)",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the client certificate has expired (amqp.cert)",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: "the client certificate is revoked (amqp.cert)",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the broker refuses the client certificate (amqp.cert)",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the broker refuses the client certificate (amqp.cert)",
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    "the broker refuses the client certificate (amqp.cert): it is not one for clients",
  ERR_SSL_WRONG_VERSION_NUMBER:
    "what listens there does not speak TLS; the port for amqps:// is usually 5671",
};

/** The message of ERR_TLS_CERT_ALTNAME_INVALID: the name that was expected, and those that are there. */
const WRONG_NAME = /altnames: (?:Host|IP): (\S+?)\.? is not .*?(?:altnames|list): ?(.*)$/;

/**
 * Why a TLS connection to the broker was not made.
 *
 * @param code of node:tls
 * @param message of the error
 * @returns words that name the setting to look at; undefined where it is not an error of TLS
 *
 * @example
 * ```ts
 * explainTls("CERT_HAS_EXPIRED", "certificate has expired"); // "the broker's certificate has expired"
 * ```
 */
export function explainTls(code: string, message: string): string | undefined {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const [, expected = "", names = ""] = WRONG_NAME.exec(message) ?? [];
    const others = names === "" ? "" : `, but for ${names}`;
    return `the broker's certificate is not for ${expected}${others} (amqp.tls_name)`;
  }
  if (Object.hasOwn(TEXTS, code)) return TEXTS[code];
  return /^(ERR_(SSL|TLS)_|CERT_|UNABLE_TO_)/.test(code)
    ? `the TLS handshake failed: ${message}`
    : undefined;
}
