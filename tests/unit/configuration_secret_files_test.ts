import assert from "node:assert/strict";
import { loadSettings } from "../../src/config/load.ts";
import { entryOf, NOWHERE, refusal } from "../support/loading.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

Deno.test("every secret can come from a file, named by flag, environment or file", async () => {
  await using folder = await temporaryFolder();
  const secrets: readonly [key: string, flag: string, text: string, shown: string][] = [
    ["amqp.password", "--amqp-password", "s3cret / one", "***"],
    ["amqp.url", "--amqp-url", "amqp://u:s3cret@mq/live", "amqp://u:***@mq:5672/live"],
    [
      "amqp.urls",
      "--amqp-urls",
      "amqp://u:s3cret@a/,amqp://u:s3cret@b/",
      "amqp://u:***@a:5672/, amqp://u:***@b:5672/",
    ],
    [
      "auth.jwks_url",
      "--jwks-url",
      "https://auth.example/jwks?key=s3cret",
      "https://auth.example/jwks?…",
    ],
  ];
  for (const [key, flag, text, shown] of secrets) {
    const path = await folder.write("secret", `${text}\n`);
    const [section, word] = key.split(".");
    const file = await folder.write("ranger.toml", `[${section}]\n${word}_file = "${path}"\n`);
    const options = { ...NOWHERE, defaultFile: file };
    const by = (source: string) => ({ key, shown, source: `file ${path}, named by ${source}` });
    assert.deepEqual(await entryOf(key, [], {}, options), by(`file ${file}`));
    const name = `RANGER_${section}_${word}_FILE`.toUpperCase();
    assert.deepEqual(await entryOf(key, [], { [name]: path }), by(`environment ${name}`));
    assert.deepEqual(await entryOf(key, [`${flag}-file`, path]), by(`flag ${flag}-file`));
  }
});

Deno.test("the variables of the older servers have the form as well, and of settings that are no secret", async () => {
  await using folder = await temporaryFolder();
  const environment = {
    RABBITMQ_HOST_FILE: await folder.write("host", "mq.example\n"),
    RABBITMQ_USER_FILE: await folder.write("user", "peatio"),
    // White space in a password counts; the one line break at the end does not.
    RABBITMQ_PASSWORD_FILE: await folder.write("password", " p@ss \n\r\n"),
    RABBITMQ_PORT_FILE: await folder.write("port", "5673\n"),
    JWT_AUDIENCE_FILE: await folder.write("audience", "peatio,barong\n"),
  };
  const { settings } = await loadSettings([], environment, NOWHERE);
  assert.deepEqual(settings.amqp.urls, ["amqp://peatio:%20p%40ss%20%0A@mq.example:5673/"]);
  assert.deepEqual(settings.auth.audience, ["peatio", "barong"]);
});

Deno.test("a setting that is a path is the same with and without _FILE", async () => {
  const { settings } = await loadSettings([], {
    JWT_PUBLIC_KEY_FILE: "/run/secrets/jwt.pub",
    RANGER_AMQP_CA_FILE: "/run/secrets/ca.pem",
  }, NOWHERE);
  assert.equal(settings.auth.publicKey, "/run/secrets/jwt.pub");
  assert.equal(settings.amqp.ca, "/run/secrets/ca.pem");
});

Deno.test("of two sources the stronger one counts, whichever of them names a file", async () => {
  await using folder = await temporaryFolder();
  const path = await folder.write("password", "of-the-file");
  const file = await folder.write("ranger.toml", `[amqp]\npassword_file = "${path}"\n`);
  const options = { ...NOWHERE, defaultFile: file };
  const passwordOf = async (args: string[], environment: Record<string, string>) =>
    new URL((await loadSettings(args, environment, options)).settings.amqp.urls[0]!).password;
  assert.equal(await passwordOf([], {}), "of-the-file");
  assert.equal(
    await passwordOf([], { RABBITMQ_PASSWORD: "of-the-environment" }),
    "of-the-environment",
  );
  assert.equal(
    await passwordOf(["--amqp-password-file", path], { RABBITMQ_PASSWORD: "x" }),
    "of-the-file",
  );
});

Deno.test("a secret in both forms from one source is refused", async () => {
  await using folder = await temporaryFolder();
  const path = await folder.write("password", "hunter2");
  const both = "are both given; expected one of them";
  assert.equal(
    await refusal([], { RABBITMQ_PASSWORD: "hunter2", RABBITMQ_PASSWORD_FILE: path }),
    `environment: RABBITMQ_PASSWORD and RABBITMQ_PASSWORD_FILE ${both}`,
  );
  assert.equal(
    await refusal(["--amqp-password=hunter2", `--amqp-password-file=${path}`]),
    `--amqp-password and --amqp-password-file ${both}`,
  );
  for (const lines of [["password", "password_file"], ["password_file", "password"]]) {
    const toml = lines.map((word) => `${word} = "${path}"\n`).join("");
    const file = await folder.write("ranger.toml", `[amqp]\n${toml}`);
    assert.equal(
      await refusal([], {}, { ...NOWHERE, defaultFile: file }),
      `file ${file}: amqp.password and amqp.password_file ${both}`,
    );
  }
});

Deno.test("a file that cannot be used is refused with its source, and what is in it is never quoted", async () => {
  await using folder = await temporaryFolder();
  const wrong: Record<string, string> = {
    [`${folder.path}/none`]: "does not exist",
    [folder.path]: "is a directory",
    [await folder.write("empty", "\n")]: "is empty",
  };
  for (const [path, what] of Object.entries(wrong)) {
    assert.equal(
      await refusal([], { RABBITMQ_PASSWORD_FILE: path }),
      `amqp.password, from environment RABBITMQ_PASSWORD_FILE: the file ${path} ${what}; expected ` +
        "a file with the value",
    );
  }
  const url = await folder.write("url", "http://u:hunter2@mq\n");
  const message = await refusal(["--amqp-url-file", url]);
  assert.match(
    message,
    /^amqp\.url, from file .*\/url, named by flag --amqp-url-file: the value \(not shown\) begins with http:/,
  );
  assert.ok(!message.includes("hunter2"));
  const port = await folder.write("port", "http\n");
  assert.match(await refusal([], { RABBITMQ_PORT_FILE: port }), /"http" is not a whole number/);
});

Deno.test("a variable that ends in _FILE and belongs to no setting is refused", async () => {
  const wrong: Record<string, RegExp> = {
    RABBITMQ_PASSWORDS_FILE:
      /^environment RABBITMQ_PASSWORDS_FILE: this variable belongs to no setting; did you mean RABBITMQ_PASSWORD_FILE\?$/m,
    RANGER_AMQP_PASSWORDS_FILE: /did you mean RANGER_AMQP_PASSWORD_FILE\?$/m,
    RANGER_CONFIG_FILE: /expected RANGER_CONFIG$/m,
    RANGER_RBAC_ADMIN_FILE: /roles cannot be read from a file; expected RANGER_RBAC_ADMIN$/m,
    RANGO_RBAC_ADMIN_FILE: /expected RANGO_RBAC_ADMIN$/m,
    RABBITMQ_SECRET_FILE: /this variable belongs to no setting/,
  };
  for (const [name, message] of Object.entries(wrong)) {
    assert.match(await refusal([], { [name]: "/run/secrets/x" }), message);
    await loadSettings([], { [name]: "" }, NOWHERE);
  }
  // Those of RabbitMQ's own server, in an environment that both have.
  await loadSettings(
    [],
    { RABBITMQ_CONFIG_FILE: "/etc/rabbitmq/rabbitmq.conf", OTHER_FILE: "x" },
    NOWHERE,
  );
});

Deno.test("a path may begin with the folder of the service's credentials", async () => {
  await using folder = await temporaryFolder();
  await folder.write("rabbitmq", "s3cret\n");
  await folder.write("ranger.toml", '[amqp]\nca = "${CREDENTIALS_DIRECTORY}/ca.pem"\n');
  const environment = {
    CREDENTIALS_DIRECTORY: folder.path,
    RABBITMQ_PASSWORD_FILE: "$CREDENTIALS_DIRECTORY/rabbitmq",
    JWT_PUBLIC_KEY: "$CREDENTIALS_DIRECTORY/jwt.pub",
    RANGER_CONFIG: "$CREDENTIALS_DIRECTORY/ranger.toml",
  };
  const { settings, file } = await loadSettings([], environment, NOWHERE);
  assert.deepEqual(settings.amqp.urls, ["amqp://guest:s3cret@localhost:5672/"]);
  assert.equal(settings.auth.publicKey, `${folder.path}/jwt.pub`);
  assert.equal(settings.amqp.ca, `${folder.path}/ca.pem`);
  assert.equal(file, `${folder.path}/ranger.toml`);

  const { CREDENTIALS_DIRECTORY: _, RANGER_CONFIG: __, ...without } = environment;
  const message = await refusal([], without);
  assert.match(
    message,
    /amqp\.password, from environment RABBITMQ_PASSWORD_FILE: \$CREDENTIALS_DIRECTORY\/rabbitmq is a credential, and CREDENTIALS_DIRECTORY is not set; expected LoadCredential=rabbitmq:PATH/,
  );
  assert.match(
    message,
    /auth\.public_key, from environment JWT_PUBLIC_KEY: .*LoadCredential=jwt\.pub:PATH/,
  );
  assert.match(
    await refusal([], { RANGER_CONFIG: environment.RANGER_CONFIG }),
    /^the configuration file, named by environment RANGER_CONFIG: .*LoadCredential=ranger\.toml:PATH/,
  );
});
