import type { JWK } from "jose";

/**
 * An authentication service in small, which publishes its keys over HTTP, and can do everything
 * else that such services do.
 *
 * @example
 * ```ts
 * import { startRanger } from "../../testing/ranger.ts";
 * import { makeKey } from "../../testing/tokens.ts";
 * await using server = new JwksServer();
 * server.publish(await (await makeKey()).jwk({ kid: "one" }));
 * await startRanger({ args: ["--jwks-url", server.url] });
 * ```
 */
export class JwksServer implements AsyncDisposable {
  /** How often it was asked. */
  asked = 0;
  readonly port: number;
  readonly url: string;
  #answer: () => Response | Promise<Response> = () => new Response(null, { status: 404 });
  #server: Deno.HttpServer | undefined;
  readonly #waiting = new Set<() => void>();

  /** @param port a free one unless named */
  constructor(port = 0) {
    this.#server = this.#serve(port);
    this.port = (this.#server.addr as Deno.NetAddr).port;
    this.url = `http://127.0.0.1:${this.port}/jwks.json`;
  }

  /** From here on these are the keys. */
  publish(...keys: readonly JWK[]): void {
    this.answer(() => Response.json({ keys }));
  }

  /** From here on this is what it answers. */
  answer(how: () => Response | Promise<Response>): void {
    this.#answer = how;
  }

  /** From here on it takes requests and does not answer them. */
  hang(): void {
    this.#answer = () => new Promise((resolve) => this.#waiting.add(() => resolve(new Response())));
  }

  /** Listens no more. */
  async away(): Promise<void> {
    for (const release of this.#waiting) release();
    this.#waiting.clear();
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown();
  }

  /** Listens again. */
  back(): void {
    this.#server ??= this.#serve(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.away();
  }

  #serve(port: number): Deno.HttpServer {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, (request) => {
      if (new URL(request.url).pathname !== "/jwks.json") {
        return new Response(null, { status: 404 });
      }
      this.asked++;
      return this.#answer();
    });
  }
}
