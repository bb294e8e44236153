import type { Identity, Ranger, RangerError, State, Stop } from "../../client/src/mod.ts";
import type { Credentials } from "./credentials.ts";
import { byId, make, part, write } from "./dom.ts";
import { clock, duration, moment } from "./numbers.ts";
import { OwnEvents } from "./own_events.ts";
import { demoToken } from "./server.ts";
import type { SourceStatus } from "./source_status.ts";
import { formProblem, timeProblem } from "./token_problem.ts";

/** An error that the server answers with. */
interface ServerError {
  readonly message?: string;
  readonly reason?: string;
}

/** Recent events to begin with. */
const RECENT = { last: 300 };

/** Maximum lines in the history. */
const MAX_HISTORY_LINES = 100;

/** Where to say that events of a stream are old or missing. */
const LEGENDS = [
  ["orders-legend", "order"],
  ["done-orders-legend", "order"],
  ["own-trades-legend", "trade"],
] as const;

/** Signs in and out, and shows the connection's identity, its expiry, and the user's events. */
export class AccountView {
  readonly #ranger: Ranger;
  readonly #source: SourceStatus;
  readonly #credentials: Credentials;
  readonly #changed: () => void;
  readonly #events = new OwnEvents();
  #identity: Identity | undefined;
  /** The user whose events are shown. */
  #uid: string | undefined;
  /** Whether the next disconnection is caused by signing out. */
  #leaving = false;
  #stops: Stop[] = [];

  /** @param changed called after the user signed in or out */
  constructor(
    ranger: Ranger,
    source: SourceStatus,
    credentials: Credentials,
    changed: () => void,
  ) {
    this.#ranger = ranger;
    this.#source = source;
    this.#credentials = credentials;
    this.#changed = changed;
    ranger.onMessage((text) => this.#heard(text));
    ranger.onState((state) => this.#state(state));
    ranger.onError((error) => this.#failed(error));
    source.onChange(() => this.#draw());
    byId("paste", HTMLFormElement).onsubmit = (event) => this.#paste(event);
    byId("demo", HTMLFormElement).onsubmit = (event) => void this.#demo(event);
    byId("sign-out", HTMLButtonElement).onclick = () => {
      this.#signOut();
      part("account-title").focus();
    };
    setInterval(() => this.#tick(), 1000);
  }

  /** Call when the server's properties are known. */
  serverIs({ demo, authenticates }: { demo: boolean; authenticates: boolean }): void {
    part("demo").hidden = !demo || !authenticates;
    part("paste").hidden = !authenticates;
    if (!authenticates) {
      write(
        part("who-note"),
        "This server does not authenticate (--no-auth): it has public streams only.",
      );
    }
  }

  #paste(event: SubmitEvent): void {
    event.preventDefault();
    const field = byId("token", HTMLTextAreaElement);
    const token = field.value.trim().replace(/^Bearer\s+/i, "");
    const problem = token ? formProblem(token) : "Paste a token above first.";
    this.#problem(problem);
    // The text stays, so that the user can correct it.
    if (problem) return field.focus();
    field.value = "";
    this.#credentials.paste(token);
    this.#signIn("Token pasted.");
  }

  async #demo(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const ttl = Number(byId("ttl", HTMLSelectElement).value);
    try {
      if (byId("renew", HTMLInputElement).checked) {
        this.#credentials.renewBy(() => demoToken(ttl));
      } else {
        this.#credentials.paste(await demoToken(ttl));
      }
    } catch (error) {
      return this.#problem(
        `The token could not be fetched: ${error instanceof Error ? error.message : error}`,
      );
    }
    this.#signIn("Demo token requested.");
  }

  #signIn(how: string): void {
    this.#problem(undefined);
    this.#tell(how);
    this.#ranger.renewToken();
    this.#changed();
  }

  #signOut(): void {
    this.#tell("Signed out.");
    this.#problem(undefined);
    this.#credentials.forget();
    this.#events.clear();
    this.#uid = undefined;
    // The client reconnects to become anonymous; that is not a loss worth reporting.
    this.#leaving = this.#identity !== undefined;
    this.#ranger.renewToken();
    this.#changed();
  }

  /** Runs before the client handles the message, so that an expired token is not used again. */
  #heard(text: string): void {
    if (!text.startsWith('{"error":')) return;
    const { message = "", reason } = (JSON.parse(text) as { error?: ServerError }).error ?? {};
    if (message === "Token expired.") {
      this.#tell("Token expired.");
      if (this.#credentials.renewed) return;
      this.#credentials.forget();
      this.#problem("The token has expired, and private streams have stopped. Sign in again.");
    } else if (/^Authentication failed|^Token type/.test(message)) {
      this.#tell(`Token refused by the server${reason ? `: ${reason}` : ""}.`);
      if (this.#credentials.renewed) return;
      const times = timeProblem(this.#credentials.pasted ?? "", Date.now());
      const stays = this.#credentials.refuse() && this.#identity;
      this.#problem(
        [
          `The server refused this token: ${reason ?? message.replace(/\.$/, "")}.`,
          times,
          stays ? `You are still signed in as ${stays.uid}.` : "",
        ].filter(Boolean).join(" "),
      );
    } else return;
    this.#changed();
  }

  #failed(error: RangerError): void {
    if (error.code === "token-unavailable") this.#tell(error.message);
  }

  #state(state: State): void {
    const identity = state.status === "open" ? state.identity : undefined;
    const before = this.#identity;
    this.#identity = identity;
    if (identity && identity.uid !== this.#uid) {
      this.#events.clear();
      this.#uid = identity.uid;
    }
    if (identity && identity !== before) {
      this.#credentials.accept();
      this.#problem(undefined);
    }
    if (identity && identity.uid !== before?.uid) this.#tell(`Signed in as ${identity.uid}.`);
    else if (identity && before && identity !== before) {
      const until = identity.expiresAt;
      this.#tell(until ? `Token renewed until ${clock(until)}.` : "Token renewed.");
    } else if (!identity && before && state.status !== "open") {
      if (!this.#leaving) this.#tell("Connection lost.");
      this.#leaving = false;
    }
    if (!identity) {
      for (const stop of this.#stops.splice(0)) stop();
    } else if (this.#stops.length === 0) {
      this.#stops = [
        this.#ranger.on("order", (order) => this.#events.order(order), RECENT),
        this.#ranger.on("trade", (trade) => this.#events.trade(trade), RECENT),
      ];
    }
    this.#draw();
  }

  #draw(): void {
    const identity = this.#identity;
    part("who").hidden = identity === undefined;
    part("who-note").hidden = identity !== undefined;
    part("sign-out").hidden = identity === undefined && !this.#credentials.present;
    // Events of a user who is not signed in now.
    const live = identity !== undefined || this.#uid === undefined;
    part("view-account").dataset.live = String(live && !this.#source.down);
    const { down } = this.#source;
    for (const [id, stream] of LEGENDS) {
      const incomplete = this.#source.isIncomplete(stream);
      write(part(id), !live || down ? "out of date" : incomplete ? "some may be missing" : "");
    }
    if (!identity) return;
    write(part("uid"), identity.uid);
    write(part("role"), identity.role ?? "none");
    write(part("until"), identity.expiresAt ? moment(identity.expiresAt) : "never expires");
    this.#tick();
  }

  #tick(): void {
    const end = this.#identity?.expiresAt;
    if (!this.#identity) return;
    const left = end === undefined ? "–" : duration(end - Date.now());
    write(
      part("left"),
      end !== undefined && this.#credentials.renewed ? `${left}, then renewed` : left,
    );
  }

  #problem(text: string | undefined): void {
    const element = part("account-problem");
    write(element, text ?? "");
    element.hidden = text === undefined;
  }

  #tell(text: string): void {
    part("history-note").hidden = true;
    const list = part("history");
    list.prepend(make("li", {}, make("time", {}, clock(Date.now())), text));
    while (list.childElementCount > MAX_HISTORY_LINES) list.lastElementChild!.remove();
  }
}
