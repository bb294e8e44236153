import { host, list, text, whole } from "../kinds.ts";
import { SECONDS, setting } from "./setting.ts";

export const AMQP = {
  "amqp.url": setting({
    kind: text("URL"),
    default: "amqp://guest:guest@localhost:5672/",
    flag: "amqp-url",
    help: "RabbitMQ to consume from; amqps:// for TLS",
    right: "amqp://user:password@host:5672/vhost, or amqps://…, percent-encoded",
    secret: true,
  }),
  "amqp.urls": setting<readonly string[]>({
    kind: list("URL,…", /^[^,]+$/, "has a comma in an entry"),
    default: [],
    defaultText: "amqp.url alone",
    flag: "amqp-urls",
    help:
      "Several brokers of a cluster, tried in turn, instead of amqp.url, amqp.host and amqp.port",
    right:
      "URLs such as amqp://user:password@mq1:5672/vhost,amqp://user:password@mq2:5672/vhost, " +
      "percent-encoded, commas as well (%2C)",
    secret: true,
  }),
  "amqp.host": setting<string | undefined>({
    kind: host(),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-host",
    legacy: ["RABBITMQ_HOST"],
    help: "RabbitMQ's host, over the one in amqp.url",
    right: "a host name or address such as rabbitmq",
  }),
  "amqp.port": setting<number | undefined>({
    kind: whole(1, 65535, "PORT"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-port",
    legacy: ["RABBITMQ_PORT"],
    help: "RabbitMQ's port, over the one in amqp.url",
    right: "a port number such as 5672",
  }),
  "amqp.user": setting<string | undefined>({
    kind: text("NAME", /./, "is empty"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-user",
    legacy: ["RABBITMQ_USER"],
    help: "RabbitMQ user, over the one in amqp.url",
    right: "a user name, not percent-encoded",
  }),
  "amqp.password": setting<string | undefined>({
    kind: text("TEXT", /[^]/, "is empty"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-password",
    legacy: ["RABBITMQ_PASSWORD"],
    help: "RabbitMQ password, over the one in amqp.url; as a flag it shows in the process list",
    right: "a password as text in quotes, not percent-encoded",
    secret: true,
  }),
  "amqp.vhost": setting<string | undefined>({
    kind: text("NAME", /^[^]{1,255}$/, "is empty or too long"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-vhost",
    help: "RabbitMQ virtual host, over the one in amqp.url",
    right: "a virtual host's name such as /, not percent-encoded",
  }),
  "amqp.exchange": setting({
    kind: text("NAME", /^\S{1,255}$/, "is no exchange name"),
    default: "peatio.events.ranger",
    flag: "exchange",
    help: "Topic exchange that the events are published to",
    right: "an exchange's name such as peatio.events.ranger",
  }),
  "amqp.queue_length": setting({
    kind: whole(1, 1_000_000_000),
    default: 100_000,
    flag: "amqp-queue-length",
    help: "Messages that Ranger's queue holds at most; beyond it the broker drops the oldest",
    right: "a number of messages such as 100000",
  }),
  "amqp.queue_bytes": setting({
    kind: whole(1024, 1_000_000_000_000, "BYTES"),
    default: 134_217_728,
    flag: "amqp-queue-bytes",
    help: "Bytes that Ranger's queue holds at most",
    right: "a number of bytes such as 134217728",
  }),
  "amqp.heartbeat": setting({
    kind: whole(0, 65535, "SECONDS"),
    default: 20,
    flag: "amqp-heartbeat",
    help: "Seconds without a sign of life after which the broker counts as lost; 0 turns it off",
    right: SECONDS,
  }),
};
