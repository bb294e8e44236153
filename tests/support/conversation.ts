/** What a client saw. */
export interface Conversation {
  readonly greeting: string;
  readonly events: readonly string[];
  readonly pong: string;
  readonly answer: string;
  readonly extensions: string;
  readonly protocol: string;
  readonly closed: { readonly code: number; readonly wasClean: boolean };
}

/**
 * What a client does that is written against the WebSocket API of browsers. It stands by itself, so
 * that its text can run elsewhere: in a browser's page, in another runtime.
 *
 * @param report is called when the subscription was answered, and sees to it that two events come
 * @throws Error when the connection fails or closes too early
 */
export async function converse(
  url: string,
  report: () => Promise<void>,
  Socket: typeof WebSocket = WebSocket,
): Promise<Conversation> {
  const socket = new Socket(url);
  const inbox: string[] = [];
  let wake = () => {};
  let end: { code: number; wasClean: boolean } | undefined;
  socket.onmessage = ({ data }) => {
    inbox.push(data);
    wake();
  };
  socket.onclose = ({ code, wasClean }) => {
    end = { code, wasClean };
    wake();
  };
  async function next(): Promise<string> {
    while (true) {
      const message = inbox.shift();
      if (message !== undefined) return message;
      if (end) throw new Error(`the connection closed with ${end.code}`);
      await new Promise<void>((resolve) => wake = resolve);
    }
  }

  const greeting = await next();
  await report();
  const events = [await next(), await next()];
  socket.send("ping");
  const pong = await next();
  socket.send(JSON.stringify({ event: "subscribe", streams: ["日本.🚀"] }));
  const answer = await next();
  socket.close(4321, "done");
  while (!end) await new Promise<void>((resolve) => wake = resolve);
  const { extensions, protocol } = socket;
  return { greeting, events, pong, answer, extensions, protocol, closed: end };
}
