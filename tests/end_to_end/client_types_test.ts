import assert from "node:assert/strict";
import ts from "typescript";
import { ROOT } from "../../testing/program.ts";

/** An app's source; editors are asked what they complete between the quotes at the end. */
function appOf(expression: string): string {
  return `import type { Order, Trade, Trades } from "./streams.ts";
declare const order: Order, trade: Trade, trades: Trades;
${expression} === ""`;
}

/** What an editor offers at the end of a source that stands beside the client's own. */
function completions(source: string): string[] {
  const name = `${ROOT}client/src/app.ts`;
  const read = (file: string) => file === name ? source : ts.sys.readFile(file);
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({ strict: true, allowImportingTsExtensions: true }),
    getScriptFileNames: () => [name],
    getScriptVersion: () => "1",
    getScriptSnapshot: (file) => {
      const text = read(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    fileExists: (file) => read(file) !== undefined,
    readFile: read,
  });
  try {
    const found = service.getCompletionsAtPosition(name, source.length - 1, {});
    return found?.entries.map((entry) => entry.name).toSorted() ?? [];
  } finally {
    service.dispose();
  }
}

Deno.test("editors complete the known words of a field that may be any text", () => {
  const states = ["cancel", "done", "execution_reject", "pending", "reject", "trigger_cancel"];
  assert.deepEqual(completions(appOf("order.state")), [
    ...states,
    ...["trigger_reject", "trigger_wait", "wait"],
  ]);
  assert.deepEqual(completions(appOf("order.ord_type")), ["limit", "market"]);
  assert.deepEqual(completions(appOf("trade.taker_type")), ["buy", "sell"]);
  assert.deepEqual(completions(appOf("trades.trades[0]!.taker_type")), ["buy", "sell"]);
  assert.deepEqual(completions(appOf("order.market")), [], "any text has none");
});
