import { connect, type Ranger, type RangerError, type Stop } from "../../client/src/mod.ts";
import { completions, isPrivate } from "./completion.ts";
import { describeState } from "./connection_state.ts";
import type { Credentials } from "./credentials.ts";
import { byId, copy, make, part, write } from "./dom.ts";
import { HeldStreams } from "./held_streams.ts";
import type { Markets } from "./market_names.ts";
import { MessageLog } from "./message_log.ts";
import { Meter } from "./meter.ts";
import { bytes } from "./numbers.ts";
import { snippets } from "./snippets.ts";
import { isOnline } from "./state_line.ts";

/** How often the round-trip time and the rates are measured. */
const PING_INTERVAL_MS = 3000;
const RATES_INTERVAL_MS = 1000;

/**
 * The inspector. It has a separate connection, so that it shows what any client with the same
 * subscriptions receives.
 */
export class StreamsView {
  readonly #url: URL;
  readonly #credentials: Credentials;
  readonly #markets: Markets;
  readonly #input = byId("stream-name", HTMLInputElement);
  readonly #problem = part("stream-problem");
  readonly #log = new MessageLog();
  readonly #meter = new Meter();
  readonly #encoder = new TextEncoder();
  readonly #stops = new Map<string, Stop>();
  readonly #held = new HeldStreams((name) => {
    this.#release(name);
    // The button that had the focus was removed.
    this.#input.focus();
  });
  /** Whether the problem shown concerns the token, so that another token resolves it. */
  #aboutToken = false;
  #ranger: Ranger | undefined;

  constructor(url: URL, credentials: Credentials, markets: Markets) {
    this.#url = url;
    this.#credentials = credentials;
    this.#markets = markets;
    this.#input.oninput = () => this.#offer();
    byId("subscribe", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      this.#subscribe(this.#input.value.trim());
    };
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copies]")) {
      button.onclick = () => copy(button, part(button.dataset.copies!).textContent ?? "");
    }
    this.#write();
  }

  /** Opens the connection the first time; it stays open in other views. */
  show(): void {
    this.#offer();
    if (this.#ranger) return;
    const ranger = this.#ranger = connect(this.#url, {
      token: this.#credentials.give,
      // Messages are shown as clients of the old servers receive them.
      resume: false,
    });
    ranger.onMessage((text) => this.#received(text));
    ranger.onError((error) => this.#failed(error));
    const state = () => {
      // This connection asks for no status, so it knows nothing of the exchange.
      const around = { online: isOnline(), down: false };
      write(part("line-state"), describeState(ranger.state, around, Date.now()).long);
    };
    ranger.onState(state);
    ranger.onState((now) => {
      if (this.#aboutToken && now.status === "open" && now.identity) this.#problem.hidden = true;
    });
    state();
    setInterval(() => {
      state();
      this.#rates();
    }, RATES_INTERVAL_MS);
    setInterval(() => void this.#ping(), PING_INTERVAL_MS);
    ranger.onState(({ status }) => status === "open" && void this.#ping());
  }

  /** Call after the user signed in or out. */
  identityChanged(): void {
    if (this.#aboutToken) this.#problem.hidden = true;
    this.#ranger?.renewToken();
    this.#tellWaiting("Private streams wait until you sign in again.", this.#held.names);
  }

  #subscribe(name: string): void {
    this.#problem.hidden = true;
    this.#aboutToken = false;
    if (name === "" || this.#held.has(name) || !this.#ranger) return;
    try {
      this.#stops.set(name, this.#ranger.on(name, () => {}));
      this.#held.add(name);
      this.#input.value = "";
      this.#offer();
      this.#tellWaiting(`${name} is private. It begins when you sign in under Account.`, [name]);
    } catch (error) {
      this.#tell(error);
    }
    this.#write();
  }

  /** Tells it until the user signs in, if nobody is signed in and one of the streams is private. */
  #tellWaiting(problem: string, names: readonly string[]): void {
    if (this.#credentials.present || !names.some(isPrivate)) return;
    this.#aboutToken = true;
    this.#tell(problem);
  }

  #release(name: string): void {
    this.#stops.get(name)?.();
    this.#stops.delete(name);
    this.#held.remove(name);
    this.#write();
  }

  #failed(error: RangerError): void {
    // The account's view reports token errors; here they concern private streams only.
    this.#aboutToken = error.code === "token-refused" || error.code === "token-unavailable";
    if (!this.#aboutToken || this.#held.names.some(isPrivate)) {
      this.#tell(error);
    }
    // Only the streams that the client has given up: it retries the others.
    const wanted = new Set(this.#ranger?.streams);
    for (const name of this.#held.names) if (!wanted.has(name)) this.#release(name);
  }

  #tell(problem: unknown): void {
    write(this.#problem, problem instanceof Error ? problem.message : String(problem));
    this.#problem.hidden = false;
  }

  #received(text: string): void {
    // Answers to this page's pings.
    if (text === "pong") return;
    const size = this.#encoder.encode(text).length;
    this.#meter.add(size);
    const stream = /^\{"([^"\\]+)"/.exec(text)?.[1];
    if (stream !== undefined) this.#held.count(stream, size);
    this.#log.add(text);
  }

  #rates(): void {
    const now = performance.now();
    const rates = this.#meter.rates(now);
    write(part("line-messages"), `${rates.messages.toFixed(1)}/s`);
    write(part("line-bytes"), `${bytes(rates.bytes)}/s`);
    this.#held.draw(now);
  }

  async #ping(): Promise<void> {
    const time = await this.#ranger?.ping().catch(() => undefined);
    write(part("line-rtt"), time === undefined ? "–" : `${time.toFixed(1)} ms`);
  }

  #offer(): void {
    const names = completions(this.#input.value.trim(), this.#markets.ids);
    part("stream-names").replaceChildren(...names.map((name) => make("option", { value: name })));
  }

  #write(): void {
    const names = this.#held.names;
    part("held-note").hidden = names.length > 0;
    const texts = snippets(this.#url.href, names, names.some(isPrivate));
    for (const [id, text] of Object.entries(texts)) write(part(id), text);
  }
}
