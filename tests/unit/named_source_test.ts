import assert from "node:assert/strict";
import { namedSource } from "../../src/config/named_source.ts";
import { ConfigurationError, UnavailableError } from "../../src/errors.ts";

const entries = [
  { key: "auth.public_key", shown: "/none.pub", source: "environment JWT_PUBLIC_KEY" },
  { key: "amqp.key", shown: "", source: "default" },
];

Deno.test("a setting that turns out wrong when it is used is named with its source", () => {
  const error = namedSource(
    new ConfigurationError("auth.public_key: there is no file /none.pub"),
    { entries },
  );
  assert.ok(error instanceof ConfigurationError);
  assert.equal(
    error.message,
    "auth.public_key, from environment JWT_PUBLIC_KEY: there is no file /none.pub",
  );
});

Deno.test("a setting that begins a sentence is named with its source too", () => {
  const error = namedSource(new ConfigurationError("auth.public_key is for TLS"), { entries });
  assert.ok(error instanceof ConfigurationError);
  assert.equal(error.message, "auth.public_key, from environment JWT_PUBLIC_KEY: is for TLS");
});

Deno.test("a default, another setting and another error stay as they are", () => {
  for (
    const error of [
      new ConfigurationError("amqp.key: none"),
      new ConfigurationError("auth.public_keys: none"),
      new UnavailableError("auth.public_key: none"),
      "auth.public_key: none",
    ]
  ) assert.equal(namedSource(error, { entries }), error);
});
