import type { Identity, Ranger, RangerError, State, Stop } from "../../client/src/mod.ts";
import type { Credentials } from "./credentials.ts";
import { byId, make, part, write } from "./dom.ts";
import { clock, duration, moment } from "./numbers.ts";
import { OwnEvents } from "./own_events.ts";
import { demoToken } from "./server.ts";

const EXPIRED = '{"error":{"message":"Token expired."}}';
const REFUSED = '{"error":{"message":"Authentication failed."}}';
const NO_TOKEN = '{"error":{"message":"Token type is not provided or invalid."}}';

/** Maximum lines in the history. */
const MAX_HISTORY_LINES = 100;

/** Signs in and out, and shows the connection's identity, its expiry, and the user's events. */
export class AccountView {
  readonly #ranger: Ranger;
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
  constructor(ranger: Ranger, credentials: Credentials, changed: () => void) {
    this.#ranger = ranger;
    this.#credentials = credentials;
    this.#changed = changed;
    ranger.onMessage((text) => this.#heard(text));
    ranger.onState((state) => this.#state(state));
    ranger.onError((error) => this.#failed(error));
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
    const token = field.value.trim();
    this.#problem(token ? undefined : "Paste a token above first.");
    if (!token) return field.focus();
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
    if (text === EXPIRED) {
      this.#tell("Token expired.");
      if (this.#credentials.renewed) return;
      this.#credentials.forget();
      this.#problem("The token has expired, and private streams have stopped. Sign in again.");
    } else if (text === REFUSED || text === NO_TOKEN) {
      this.#tell("Token refused by the server.");
      if (this.#credentials.renewed) return;
      const stays = this.#credentials.refuse() && this.#identity;
      this.#problem(
        "The server refused this token: it has expired, or belongs to another exchange." +
          (stays ? ` You are still signed in as ${stays.uid}.` : ""),
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
        this.#ranger.on("order", (order) => this.#events.order(order)),
        this.#ranger.on("trade", (trade) => this.#events.trade(trade)),
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
    part("view-account").dataset.live = String(live);
    for (const id of ["orders-legend", "own-trades-legend"]) {
      write(part(id), live ? "" : "out of date");
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
