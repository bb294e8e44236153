import { choice, list, text, toggle, webAddress, whole } from "../kinds.ts";
import { SECONDS, setting } from "./setting.ts";

/** Seconds that clocks may differ where nothing is set, by claim. */
export const LEEWAYS = { exp: 0, nbf: 5, iat: 5 } as const;

const leewayText = (claim: keyof typeof LEEWAYS) => `auth.leeway, else ${LEEWAYS[claim]}`;

export const AUTH = {
  "auth.enabled": setting({
    kind: toggle(),
    default: true,
    flag: "auth",
    help: "Whether clients may authenticate; --no-auth serves public streams only, without a key",
    right: "true or false",
  }),
  "auth.public_key": setting({
    kind: text("KEY"),
    default: "",
    defaultText: "none",
    flag: "jwt-public-key",
    legacy: ["JWT_PUBLIC_KEY"],
    help:
      "Key that tokens verify with, or several while keys change: the path of a file with PEM " +
      "or a JSON Web Key Set, such text itself, or base64 of it",
    right: "a PEM file's path, PEM text, or base64 of PEM text",
    secret: true,
    live: true,
  }),
  "auth.jwks_url": setting({
    kind: webAddress(),
    default: "",
    defaultText: "none",
    flag: "jwks-url",
    help: "Address of a JSON Web Key Set that tokens verify with, besides auth.public_key; the " +
      "last good set stays in force while it cannot be reached",
    right: "an address such as https://auth.example.com/.well-known/jwks.json",
    secret: true,
    live: true,
  }),
  "auth.jwks_refresh": setting({
    kind: whole(1, 86_400, "SECONDS"),
    default: 300,
    flag: "jwks-refresh",
    help: "Seconds from one fetch of the set to the next",
    right: "a number of seconds such as 300",
    live: true,
  }),
  "auth.jwks_cooldown": setting({
    kind: whole(1, 3600, "SECONDS"),
    default: 30,
    flag: "jwks-cooldown",
    help: "Seconds between two fetches at least, when a token names an unknown key or a fetch " +
      "failed",
    right: "a number of seconds such as 30",
    live: true,
  }),
  "auth.jwks_timeout": setting({
    kind: whole(1, 60, "SECONDS"),
    default: 5,
    flag: "jwks-timeout",
    help: "Seconds that a fetch of the set may take",
    right: SECONDS,
    live: true,
  }),
  "auth.algorithm": setting({
    kind: choice([
      "",
      "RS256",
      "RS384",
      "RS512",
      "PS256",
      "PS384",
      "PS512",
      "ES256",
      "EdDSA",
      "Ed25519",
    ]),
    default: "",
    defaultText: "the one that fits the key",
    flag: "jwt-algorithm",
    legacy: ["JWT_ALGORITHM"],
    help: "The only signature algorithm that is taken: RS256, EdDSA (also called Ed25519), " +
      "ES256, …",
    right: "RS256 for an RSA key, EdDSA for Ed25519, ES256 for P-256",
    live: true,
  }),
  "auth.issuer": setting({
    kind: text("TEXT"),
    default: "",
    defaultText: "not checked",
    flag: "jwt-issuer",
    legacy: ["JWT_ISSUER"],
    help: "What a token's iss must be",
    right: "text such as barong",
    live: true,
  }),
  "auth.audience": setting<readonly string[]>({
    kind: list("NAME,…"),
    default: [],
    defaultText: "not checked",
    flag: "jwt-audience",
    legacy: ["JWT_AUDIENCE"],
    help: "A token's aud must have one of these",
    right: "names such as peatio,barong",
    live: true,
  }),
  "auth.subject": setting({
    kind: text("TEXT"),
    default: "session",
    flag: "jwt-subject",
    help: "What a token's sub must be; empty text (--jwt-subject=) turns the check off",
    right: "text such as session",
    live: true,
  }),
  "auth.require_jti": setting({
    kind: toggle(),
    default: true,
    flag: "require-jti",
    help: "Whether a token must have a jti",
    right: "true or false",
    live: true,
  }),
  "auth.require_exp": setting({
    kind: toggle(),
    default: false,
    flag: "require-exp",
    help:
      "Whether a token must have an exp; recommended, since a token without one is good until " +
      "its key is removed",
    right: "true or false",
    live: true,
  }),
  "auth.max_ttl": setting({
    kind: whole(0, 315_360_000, "SECONDS"),
    default: 0,
    defaultText: "0, no limit",
    flag: "jwt-max-ttl",
    help:
      "Longest time, in seconds, that a token's exp may be away; such a token must have an exp. " +
      "Recommended: the longest that the exchange gives, such as 14400. 0 for no limit",
    right: "a number of seconds such as 14400, or 0 for no limit",
    live: true,
  }),
  "auth.enforce_expiry": setting({
    kind: toggle(),
    default: true,
    flag: "enforce-expiry",
    help: "Whether private and prefixed streams stop when the connection's token expires; " +
      "otherwise exp counts only while a token is verified, as with the older servers",
    right: "true or false",
    live: true,
  }),
  "auth.revoked": setting({
    kind: text("FILE"),
    default: "",
    defaultText: "none",
    flag: "revoked",
    help: "File of tokens and users that are revoked, one a line, such as `jti a1b2` or " +
      "`uid ID10AA8FC4E7`, with comments from # on: their tokens are refused, and at a reload " +
      "their connections are closed with 1008",
    right: "the path of a file such as /etc/ranger/revoked",
    live: true,
  }),
  "auth.leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: "each claim's own",
    flag: "jwt-leeway",
    legacy: ["JWT_DEFAULT_LEEWAY"],
    help: "Seconds that clocks may differ when a token's times are checked, for those of the " +
      "three below that are not set",
    right: SECONDS,
    live: true,
  }),
  "auth.exp_leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: leewayText("exp"),
    flag: "jwt-exp-leeway",
    legacy: ["JWT_EXPIRATION_LEEWAY"],
    help: "The same for exp alone",
    right: SECONDS,
    live: true,
  }),
  "auth.nbf_leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: leewayText("nbf"),
    flag: "jwt-nbf-leeway",
    legacy: ["JWT_NOT_BEFORE_LEEWAY"],
    help: "The same for nbf alone",
    right: SECONDS,
    live: true,
  }),
  "auth.iat_leeway": setting<number | undefined>({
    kind: whole(0, 86_400, "SECONDS"),
    default: undefined,
    defaultText: leewayText("iat"),
    flag: "jwt-iat-leeway",
    legacy: ["JWT_ISSUED_AT_LEEWAY"],
    help: "The same for iat alone",
    right: SECONDS,
    live: true,
  }),
};
