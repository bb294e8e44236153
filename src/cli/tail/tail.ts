import type { Book, Ranger } from "../../../client/src/mod.ts";
import { STREAM_KINDS } from "../../../client/src/streams.ts";
import { ConfigurationError } from "../../errors.ts";
import { untilSignal } from "../../daemon/signals.ts";
import { type Command, type CommandInput, defineCommand } from "../command.ts";
import { follow } from "./follow.ts";
import { Output } from "./output.ts";
import { bookJson, bookLine } from "./book.ts";
import { cursorOf, eventJson, eventLine, printable, streamOf } from "./event.ts";
import { Ladder } from "./ladder.ts";
import { PositionFile } from "./position_file.ts";
import { explainBook, sayWhatIsAwaited, SilentStreams } from "./waiting.ts";
import { parseDuration, wholeNumber } from "../flag_values.ts";

/** Milliseconds that a slow reader has for the rest after a signal. */
const FLUSH_TIMEOUT = 500;

const OPTIONS = {
  url: {
    type: "string",
    value: "URL",
    help: "The server",
    default: "ws://localhost:8080/public",
  },
  token: {
    type: "string",
    value: "JWT|@FILE",
    help: "For private streams; a file is read again when a new token is needed",
  },
  json: { type: "boolean", help: "One line of JSON per message, for pipes" },
  book: { type: "boolean", help: "Shows the live order book of one market" },
  depth: { type: "string", value: "LEVELS", help: "Levels of the book per side", default: "10" },
  last: { type: "string", value: "NUMBER", help: "Recent events of each stream to begin with" },
  resume: {
    type: "string",
    value: "FILE",
    help: "Continues where the last one with this file ended, and keeps the position in it",
  },
  count: { type: "string", value: "NUMBER", help: "Ends after this number of messages or books" },
  for: { type: "string", value: "TIME", help: "Ends this long after connecting: 10s, 5m, 1h" },
  timeout: {
    type: "string",
    value: "TIME",
    help: "Time limit for the first connection",
    default: "10s",
  },
} as const;

type Values = CommandInput<typeof OPTIONS>["values"];

/** `ranger tail` */
export const tail: Command = defineCommand({
  name: "tail",
  summary: "Prints streams in a terminal, or to a pipe",
  description:
    "Prints each event: time, stream and payload as published, or with --json the message\n" +
    "itself. Reconnects when the connection is lost, continues where it was, and reports on\n" +
    "standard error what happened and what may be missing. With --resume it also continues where\n" +
    "an earlier run ended. Exits with 0 when interrupted, at the end of --count or --for, or when\n" +
    "the reader is gone; with 69 if the first connection fails, 77 if the token or every stream\n" +
    "is refused, 78 if an argument is wrong.",
  usage: "ranger tail STREAM… [--url URL] [--token JWT|@FILE] [--json]\n" +
    "            [--last NUMBER] [--resume FILE]\n" +
    "ranger tail --book MARKET [--depth LEVELS] [--json]",
  example: "ranger tail btcusd.trades global.tickers --url wss://ranger.example.com/public\n" +
    "ranger tail --book btcusd\n" +
    "ranger tail btcusd.trades --last 50\n" +
    "ranger tail order trade --token @token.jwt --json | jq .",
  options: OPTIONS,
  positionals: { min: 1, max: 256 },
  words: STREAM_KINDS.map(({ name }) => name).filter((name) => !name.includes("<")),
  settings: false,
  async run({ positionals, values }) {
    const output = new Output();
    const over = Promise.withResolvers<void>();
    const signalled = untilSignal();
    const ends = endsOf(values, over.resolve);
    const last = lastOf(values);
    if (values.book && (last > 0 || values.resume !== undefined)) {
      throw new ConfigurationError("--last and --resume are for streams; --book shows a state");
    }
    const file = values.resume === undefined
      ? undefined
      : await PositionFile.open(values.resume, over.reject);
    const view = values.book
      ? watchBook(marketOf(positionals), values, output, ends)
      : watchEvents(positionals, values, { last, file }, output, ends);
    try {
      await follow({
        url: values.url,
        token: values.token,
        timeout: parseDuration(values.timeout, "--timeout"),
        until: Promise.race([over.promise, signalled, output.gone]),
        note: view.note,
        ask: view.ask,
        connected: () => {
          ends.connected();
          view.connected?.();
        },
        cursor: file?.cursor,
        ending: view.ending,
      });
    } finally {
      ends.stop();
      view.stop();
      await file?.close();
    }
    const timeout = signalled.then(() => new Promise((end) => setTimeout(end, FLUSH_TIMEOUT)));
    await Promise.race([output.flush(), output.gone, timeout]);
    if (output.dropped > 0) {
      note(`${output.dropped} lines dropped: the reader is slower than the streams`);
    }
    return 0;
  },
});

/** How events are shown. */
interface View {
  readonly note: (text: string) => void;
  ask(ranger: Ranger): void;
  /** Called after the first connection. */
  connected?(): void;
  readonly ending?: (ranger: Ranger) => void;
  stop(): void;
}

/** The limits of --count and --for. */
interface Ends {
  connected(): void;
  /** Counts one more message or book. */
  one(): void;
  /** Whether more may be shown. */
  readonly more: boolean;
  stop(): void;
}

function endsOf({ count, for: time }: Values, end: () => void): Ends {
  const most = count === undefined ? Infinity : wholeNumber(count, "--count", 1, 1e12);
  const seconds = time === undefined ? undefined : parseDuration(time, "--for");
  let shown = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    connected() {
      if (seconds !== undefined) timer = setTimeout(end, Math.min(seconds * 1000, 2 ** 31 - 1));
    },
    one() {
      if (++shown >= most) end();
    },
    get more() {
      return shown < most;
    },
    stop: () => clearTimeout(timer),
  };
}

/** Names of these lengths are subscribed to in one message. */
const MAX_NAMES_LENGTH = 500;

/**
 * Whether all streams are at the position of the last event that came: the server sends what was
 * missed in the order of the log, but private streams only once it knows the user.
 */
function haveOnePosition(streams: readonly string[]): boolean {
  return streams.length === 1 ||
    streams.every((name) => name.includes(".")) && streams.join().length < MAX_NAMES_LENGTH;
}

function watchEvents(
  streams: readonly string[],
  { json, url }: Values,
  { last, file }: { readonly last: number; readonly file: PositionFile | undefined },
  output: Output,
  ends: Ends,
): View {
  const onePosition = haveOnePosition(streams);
  /** Whether the last event was printed: the position of the next run is behind it. */
  let printed = true;
  let resuming = file?.cursor !== undefined;
  const silent = new SilentStreams(streams);
  let held = () => streams;
  let stopWaiting = () => {};
  const heard = (text: string) => {
    if (silent.none) return;
    silent.heard(streamOf(text)!);
    if (silent.none) stopWaiting();
  };
  const remember = (ranger: Ranger) => {
    if (printed && !onePosition) file?.note(ranger.cursor);
  };
  return {
    note,
    ask(ranger) {
      held = () => ranger.streams;
      // The text is shown as received, so that numbers keep all their digits.
      for (const stream of streams) ranger.on(stream, () => remember(ranger), { last });
      ranger.onMessage((text) => {
        if (resuming && text.startsWith('{"success":{"message":"resumed"')) {
          resuming = false;
          note(`resumed from ${file!.path}`);
        }
        printed = ends.more;
        const line = printed && (json ? eventJson(text) : eventLine(text, new Date()));
        if (!line) return;
        if (output.line(line)) ends.one();
        if (onePosition) file?.note(cursorOf(text));
        heard(text);
      });
      ranger.onLoss((names) => {
        const why = resuming ? `cannot resume from ${file!.path}: ` : "";
        resuming = false;
        note(`${why}events of ${names.join(", ")} may be missing`);
      });
    },
    connected() {
      if (silent.none) return;
      stopWaiting = sayWhatIsAwaited(url, (names) => silent.explain(held(), names), note);
    },
    ending: remember,
    stop: () => stopWaiting(),
  };
}

function lastOf({ last }: Values): number {
  return last === undefined ? 0 : wholeNumber(last, "--last", 1, 1000);
}

function watchBook(market: string, values: Values, output: Output, ends: Ends): View {
  const depth = wholeNumber(values.depth, "--depth", 1, 1_000);
  const isLadder = !values.json && Deno.stdout.isTerminal();
  const shown = isLadder
    ? showLadder(market, depth, ends)
    : printBook(values.json ? bookJson : bookLine, depth, output, ends);
  let hasCome = false;
  let stopWaiting = () => {};
  return {
    note: shown.note,
    ask(ranger) {
      const book = ranger.book(market);
      shown.show(book, ranger);
      book.onChange(({ live }) => {
        if (!live || hasCome) return;
        hasCome = true;
        stopWaiting();
      });
    },
    connected() {
      if (hasCome) return;
      stopWaiting = sayWhatIsAwaited(
        values.url,
        (streams) => explainBook(market, streams),
        shown.note,
      );
    },
    stop() {
      stopWaiting();
      shown.stop();
    },
  };
}

/** A way to show a book. */
interface BookView {
  readonly note: (text: string) => void;
  show(book: Book, ranger: Ranger): void;
  stop(): void;
}

function printBook(
  lineOf: (book: Book, depth: number) => string,
  depth: number,
  output: Output,
  ends: Ends,
): BookView {
  return {
    note,
    show(book) {
      book.onChange((book) => {
        if (ends.more && output.line(lineOf(book, depth))) ends.one();
      });
    },
    stop() {},
  };
}

function showLadder(market: string, depth: number, ends: Ends): BookView {
  const ladder = new Ladder(market, depth, () => ends.one());
  return {
    note: (text) => ladder.say(printable(text)),
    show(book, ranger) {
      ladder.show(book);
      ranger.onState(({ status }) => {
        if (status === "open") ladder.say("");
      });
    },
    stop: () => ladder.stop(),
  };
}

function marketOf(positionals: readonly string[]): string {
  const [market = ""] = positionals;
  if (positionals.length === 1 && /^[^.,\s]+$/.test(market)) return market;
  throw new ConfigurationError(
    "--book shows one market; expected its id alone, such as ranger tail --book btcusd",
  );
}

function note(text: string): void {
  console.error(`ranger: ${printable(text)}`);
}
