/**
 * What the server makes of a client's text messages, as sections 3, 4 and 7 of the protocol say it,
 * with nothing of the server's own code. The measure for its message handler.
 */
export class SessionModel {
  /** Streams held, in the order subscribed. */
  readonly #held = new Set<string>();
  #role = "";

  constructor(private readonly rules: SessionRules) {}

  /** What the message is answered, in order; without the reasons, which are free words. */
  answers(message: string): string[] {
    const id = idOf(message);
    const answers = this.#answers(message);
    return id === undefined ? answers : answers.map((text) => `${text.slice(0, -1)},"id":${id}}`);
  }

  #answers(message: string): string[] {
    if (/^[^\S\ufeff]*ping/.test(message)) return ["pong"];
    if (/^\s*$/.test(message)) return [];
    const value = parsed(message);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [WRONG];
    const request: Request = value;
    const answers: string[] = [];
    const hasToken = Object.hasOwn(request, "jwt");
    const hasEvent = Object.hasOwn(request, "event");
    if (!hasToken && !hasEvent) return [WRONG];
    if (hasToken) answers.push(this.#authenticate(request.jwt));
    if (hasEvent && !(hasToken && request.event === "auth")) {
      answers.push(...this.#perform(request));
    }
    return answers;
  }

  #authenticate(jwt: unknown): string {
    const [, token] = typeof jwt === "string" ? /^Bearer\s+(\S[^]*)$/.exec(jwt) ?? [] : [];
    if (token === undefined) return failure("Token type is not provided or invalid.");
    const role = this.rules.roles.get(token.trimEnd());
    if (role === undefined) return failure("Authentication failed.");
    this.#role = role;
    for (const name of [...this.#held]) if (!this.#mayHold(name)) this.#held.delete(name);
    return success({ message: "Authenticated." });
  }

  #perform({ event, streams }: Request): string[] {
    if (event !== "subscribe" && event !== "unsubscribe") return [WRONG];
    if (!Array.isArray(streams) || streams.some((name) => typeof name !== "string")) return [WRONG];
    const names = [...new Set<string>(streams)].filter((name) => name !== "");
    const answers: string[] = [];
    if (event === "unsubscribe") { for (const name of names) this.#held.delete(name); }
    else {
      let tooMany = false;
      let refused = 0;
      for (const name of names) {
        if (this.#held.has(name)) continue;
        if (this.#held.size + refused >= this.rules.maxStreams) tooMany = true;
        else if (isPossible(name) && this.#mayHold(name)) this.#held.add(name);
        else {
          refused++;
          const shown = isPossible(name) ? name : name.slice(0, 64);
          answers.push(success({ message: `cannot subscribe to ${shown}` }));
        }
      }
      if (tooMany) answers.push(failure("Too many streams."));
    }
    const message = event === "subscribe" ? "subscribed" : "unsubscribed";
    return [...answers, success({ message, streams: [...this.#held] })];
  }

  #mayHold(name: string): boolean {
    const words = name.split(".");
    if (words.length !== 3 || words.includes("")) return true;
    return this.rules.rbac.get(words[0]!)?.includes(this.#role) ?? false;
  }
}

/** Section 2: one to three words, at most 255 bytes, no white space, no control characters. */
function isPossible(name: string): boolean {
  const words = name.split(".");
  return words.length <= 3 && !words.includes("") && !/[\s\p{Cc}]/u.test(name) &&
    new TextEncoder().encode(name).length <= 255;
}

/** The messages sent to the server. */
export interface SessionRules {
  readonly maxStreams: number;
  /** Prefixes, and the roles that may have their streams. */
  readonly rbac: ReadonlyMap<string, readonly string[]>;
  /** The tokens that verify, and the role in each. */
  readonly roles: ReadonlyMap<string, string>;
}

interface Request {
  readonly jwt?: unknown;
  readonly event?: unknown;
  readonly streams?: unknown;
}

function parsed(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

const MAX_ID_CHARACTERS = 64;

/** Section 3: a number, as it was written, or a text of at most 64 characters; as JSON. */
function idOf(message: string): string | undefined {
  const request = parsed(message);
  if (typeof request !== "object" || request === null || Array.isArray(request)) return undefined;
  const { id } = request as { id?: unknown };
  if (typeof id === "string") {
    return [...id].length <= MAX_ID_CHARACTERS ? JSON.stringify(id) : undefined;
  }
  if (typeof id !== "number") return undefined;
  const written = new Map<unknown, string>();
  const same = JSON.parse(message, function (key, value, context?: { source?: string }) {
    if (key === "id" && context?.source !== undefined) written.set(this, context.source);
    return value;
  });
  const digits = written.get(same)!;
  return digits.length <= MAX_ID_CHARACTERS ? digits : undefined;
}

function success(content: unknown): string {
  return JSON.stringify({ success: content });
}

function failure(message: string): string {
  return JSON.stringify({ error: { message } });
}

const WRONG = failure("Error while handling message.");
