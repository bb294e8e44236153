import { createHash } from "node:crypto";
import { escapeHtml as text } from "./html.ts";
import { fieldsOf } from "./fields.ts";
import { UNASKED } from "./messages.ts";
import type { Document, Message } from "./types.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8885; --soft: #5f6368; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --soft: #a8adb5; --link: #8ab4f8; } }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1rem 4rem; }
h1, h2, h3 { line-height: 1.25; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
h3 { margin-top: 2rem; }
a { color: var(--link); }
nav ul { columns: 16rem; padding-left: 1.2rem; }
pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .92rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .3rem 1.2rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.soft { color: var(--soft); }
`;

/** The page's Content-Security-Policy: its style, and nothing else. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * The description as an HTML page without scripts, from the AsyncAPI document.
 *
 * @example
 * ```ts
 * import { describeServer } from "./document.ts";
 * const html = docsPage(describeServer());
 * ```
 */
export function docsPage(document: Document): string {
  const { info, components: { messages } } = document;
  const requests = Object.values(document.operations).filter(({ action }) => action === "receive");
  const asked = requests.map(({ messages: [asked], reply }) => ({
    message: messages[last(asked!.$ref)]!,
    answers: (reply?.messages ?? []).map(({ $ref }) => messages[last($ref)]!),
  }));
  const events = (scope: string) =>
    Object.values(messages).filter(({ tags }) => tags?.some(({ name }) => name === scope));
  const all = [...events("public"), ...events("private")];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ranger: what to send, and what comes</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${text(info.title)} <span class="soft">${text(info.version)}</span></h1>
${paragraphs(info.description)}
<p>For machines: <a href="asyncapi.json">asyncapi.json</a> (AsyncAPI ${document.asyncapi}).
<a href="./">The live page</a></p>
</header>
<nav aria-label="Contents">
<ul>
<li><a href="#connecting">Connecting</a></li>
<li><a href="#messages">Messages to send</a></li>
${all.map(({ name, title }) => `<li>${link(name, title)}</li>`).join("\n")}
</ul>
</nav>
<main>
<h2 id="connecting">Connecting</h2>
${table(["path", "token"], servers(document))}
<p>Query parameters:</p>
${table(["parameter", "meaning"], query(document))}
<h2 id="messages">Messages to send</h2>
${asked.map(({ message, answers }) => request(message, answers)).join("\n")}
${unasked(UNASKED.map((key) => messages[key]!))}
<h2 id="public">Public streams</h2>
${events("public").map((message) => event(document, message)).join("\n")}
<h2 id="private">Private streams</h2>
<p>For the authenticated user.</p>
${events("private").map((message) => event(document, message)).join("\n")}
</main>
</body>
</html>
`;
}

function servers({ servers }: Document): string[][] {
  return Object.values(servers).map(({ pathname, description }) => [
    `<code>${text(pathname)}</code>`,
    text(description),
  ]);
}

function query({ channels }: Document): string[][] {
  const { bindings } = channels.connection as {
    bindings: { ws: { query: { properties: Record<string, { description: string }> } } };
  };
  return Object.entries(bindings.ws.query.properties).map(([name, { description }]) => [
    `<code>${text(name)}</code>`,
    text(description),
  ]);
}

function request(message: Message, answers: readonly Message[]): string {
  return `<h3 id="${text(message.name)}">${text(message.title)}</h3>
<p>${text(message.summary)}.</p>
${examples(message)}
<p>Answers:</p>
${
    table(
      ["answer", "meaning"],
      answers.map((answer) => [code(answer.examples[0]?.payload), text(answer.summary)]),
    )
  }`;
}

function unasked(messages: readonly Message[]): string {
  return `<h3 id="unasked">Not asked for</h3>
${
    table(
      ["message", "meaning"],
      messages.map((message) => [code(message.examples[0]?.payload), text(message.summary)]),
    )
  }`;
}

function event(document: Document, message: Message): string {
  const { components: { schemas } } = document;
  const reference = Object.values(message.payload.patternProperties ?? {})[0] ??
    Object.values(message.payload.properties ?? {})[0];
  const schema = schemas[last(reference?.$ref ?? "")];
  const fields = schema === undefined ? [] : fieldsOf(schema);
  return `<h3 id="${text(message.name)}"><code>${text(message.title)}</code></h3>
<p>${text(message.summary)}.</p>
${examples(message)}
${
    fields.map(({ title, rows }) =>
      (title === "" ? "" : `<p class="soft">${text(title)}</p>\n`) + table(
        ["field", "type", ""],
        rows.map(({ name, type, required }) => [
          `<code>${text(name)}</code>`,
          text(type),
          required ? "" : '<span class="soft">may be missing</span>',
        ]),
      )
    ).join("\n")
  }`;
}

function examples({ examples }: Message): string {
  return `<pre tabindex="0">${
    examples.map(({ payload }) => text(shown(payload))).join("\n")
  }</pre>`;
}

function code(payload: unknown): string {
  return `<code>${text(shown(payload))}</code>`;
}

function shown(payload: unknown): string {
  return typeof payload === "string" ? payload : JSON.stringify(payload);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table>
<thead>${cells("th", head)}</thead>
<tbody>
${rows.map((row) => cells("td", row)).join("\n")}
</tbody>
</table></div>`;
}

/** Converts the Markdown that the description uses: paragraphs, and code between backquotes. */
function paragraphs(markdown: string): string {
  return markdown.split("\n\n")
    .map((part) => `<p>${text(part).replace(/`([^`]+)`/g, "<code>$1</code>")}</p>`)
    .join("\n");
}

function link(id: string, title: string): string {
  return `<a href="#${text(id)}"><code>${text(title)}</code></a>`;
}

function last(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}
