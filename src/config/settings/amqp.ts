import { file, host, list, text, whole } from "../kinds.ts";
import { showBroker } from "../show.ts";
import { SECONDS, setting } from "./setting.ts";

export const AMQP = {
  "amqp.url": setting({
    kind: text("URL"),
    default: "amqp://guest:guest@localhost:5672/",
    flag: "amqp-url",
    help: "RabbitMQ to consume from; amqps:// for TLS",
    right: "amqp://user:password@host:5672/vhost, or amqps://…, percent-encoded",
    secret: true,
    show: showBroker,
  }),
  "amqp.urls": setting<readonly string[]>({
    kind: list("URL,…", /^[^,]+$/, "has a comma in an entry"),
    default: [],
    defaultText: "amqp.url alone",
    flag: "amqp-urls",
    help: "Brokers of a cluster, tried in turn; replaces amqp.url, amqp.host and amqp.port",
    right:
      "URLs such as amqp://user:password@mq1:5672/vhost,amqp://user:password@mq2:5672/vhost, " +
      "percent-encoded, commas as well (%2C)",
    secret: true,
    show: (urls) => urls.length === 0 ? "(amqp.url alone)" : urls.map(showBroker).join(", "),
    example: ["amqp://guest:guest@mq1:5672/", "amqp://guest:guest@mq2:5672/"],
  }),
  "amqp.host": setting<string | undefined>({
    kind: host(),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-host",
    legacy: ["RABBITMQ_HOST"],
    help: "RabbitMQ host; overrides the one in amqp.url",
    right: "a host name or address such as rabbitmq",
    example: "localhost",
  }),
  "amqp.port": setting<number | undefined>({
    kind: whole(1, 65535, "PORT"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-port",
    legacy: ["RABBITMQ_PORT"],
    help: "RabbitMQ port; overrides the one in amqp.url",
    right: "a port number such as 5672",
    example: 5672,
  }),
  "amqp.user": setting<string | undefined>({
    kind: text("NAME", /./, "is empty"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-user",
    legacy: ["RABBITMQ_USER"],
    help: "RabbitMQ user; overrides the one in amqp.url",
    right: "a user name, not percent-encoded",
    example: "guest",
  }),
  "amqp.password": setting<string | undefined>({
    kind: text("TEXT", /[^]/, "is empty"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-password",
    legacy: ["RABBITMQ_PASSWORD"],
    help: "RabbitMQ password; overrides the one in amqp.url. A flag is visible in the process list",
    right: "a password as text in quotes, not percent-encoded",
    secret: true,
    example: "guest",
  }),
  "amqp.vhost": setting<string | undefined>({
    kind: text("NAME", /^[^]{1,255}$/, "is empty or too long"),
    default: undefined,
    defaultText: "from amqp.url",
    flag: "amqp-vhost",
    help: "RabbitMQ virtual host; overrides the one in amqp.url",
    right: "a virtual host's name such as /, not percent-encoded",
    example: "/",
  }),
  "amqp.ca": setting({
    kind: file(),
    default: "",
    defaultText: "those that the runtime trusts",
    flag: "amqp-ca",
    help: "PEM file of the certificate authorities that may have signed the broker's certificate " +
      "(amqps://), in place of those that the runtime trusts",
    right: "the path of a PEM file such as /etc/ranger/ca.pem",
    example: "/etc/ranger/ca.pem",
  }),
  "amqp.cert": setting({
    kind: file(),
    default: "",
    defaultText: "none",
    flag: "amqp-cert",
    help: "PEM file of the client certificate, with its chain, for a broker that requires one. " +
      "Files are read again for each connection to the broker",
    right: "the path of a PEM file such as /etc/ranger/amqp.pem",
    example: "/etc/ranger/amqp.pem",
  }),
  "amqp.key": setting({
    kind: file(),
    default: "",
    defaultText: "none",
    flag: "amqp-key",
    help: "PEM file of the client certificate's private key",
    right: "the path of a PEM file such as /etc/ranger/amqp.key",
    example: "/etc/ranger/amqp.key",
  }),
  "amqp.tls_name": setting({
    kind: text("NAME", /^\S*$/, "has white space"),
    default: "",
    defaultText: "the host of the URL",
    flag: "amqp-tls-name",
    help: "Name that the broker's certificate must have, where it is not the host of the URL",
    right: "a host name such as mq.example.com",
    example: "mq.example.com",
  }),
  "amqp.exchange": setting({
    kind: text("NAME", /^\S{1,255}$/, "is not an exchange name"),
    default: "peatio.events.ranger",
    flag: "exchange",
    help: "Topic exchange to which the events are published",
    right: "an exchange's name such as peatio.events.ranger",
  }),
  "amqp.stream": setting({
    kind: text("NAME", /^[\w.:-]{0,200}$/, "is not a stream name"),
    default: "",
    defaultText: "none: a queue of each process, which loses what is published while it is away",
    flag: "amqp-stream",
    help: "RabbitMQ stream to read the events from, shared by all processes. Ranger declares and " +
      "binds it. With it nothing is lost while a connection or a process is away. Needs " +
      "RabbitMQ 3.10",
    right: "a stream's name such as ranger, of letters, digits and . _ : -",
    example: "ranger",
  }),
  "amqp.stream_max_age": setting({
    kind: whole(60, 31_536_000, "SECONDS"),
    default: 21_600,
    flag: "amqp-stream-max-age",
    help:
      "Seconds for which the stream keeps events at least; RabbitMQ removes whole segments, a " +
      "tenth of amqp.stream_max_bytes each",
    right: SECONDS,
  }),
  "amqp.stream_max_bytes": setting({
    kind: whole(1_000_000, 1_000_000_000_000_000, "BYTES"),
    default: 5_000_000_000,
    flag: "amqp-stream-max-bytes",
    help: "Size of the stream in bytes above which RabbitMQ removes its oldest segments, on the " +
      "disk of each node that has a replica",
    right: "a number of bytes such as 5000000000",
  }),
  "amqp.stream_lookback": setting({
    kind: whole(1, 86_400, "SECONDS"),
    default: 900,
    flag: "amqp-stream-lookback",
    help: "Seconds of the stream that a new process reads for its order books and its history " +
      "before it reports ready",
    right: "a number of seconds such as 900",
  }),
  "amqp.queue_length": setting({
    kind: whole(1, 1_000_000_000),
    default: 100_000,
    flag: "amqp-queue-length",
    help: "Maximum number of messages in Ranger's queue; above it the broker drops the oldest",
    right: "a number of messages such as 100000",
  }),
  "amqp.queue_bytes": setting({
    kind: whole(1024, 1_000_000_000_000, "BYTES"),
    default: 134_217_728,
    flag: "amqp-queue-bytes",
    help: "Maximum size of Ranger's queue in bytes; above it the broker drops the oldest",
    right: "a number of bytes such as 134217728",
  }),
  "amqp.heartbeat": setting({
    kind: whole(0, 65535, "SECONDS"),
    default: 20,
    flag: "amqp-heartbeat",
    help:
      "Seconds between heartbeats. A broker or a network that falls silent without closing the " +
      "connection is given up after 1.6 to 2.5 times as long (32 to 50 s by default); 0 turns them " +
      "off",
    right: SECONDS,
  }),
};
