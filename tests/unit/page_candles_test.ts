import assert from "node:assert/strict";
import fc from "fast-check";
import { CandleDrawing } from "../../web/src/candle_drawing.ts";
import { type Candle, CandleHistory } from "../../web/src/candle_history.ts";
import { type Figure, readNumber } from "../../web/src/numbers.ts";

/** Takes candles as a chart does: in the order of time, the last one or one more. */
class Chart {
  candles: Candle[] = [];
  whole = 0;

  show(candles: readonly Candle[]): void {
    this.candles = [...candles];
    this.whole++;
  }

  update(candle: Candle): void {
    const last = this.candles.at(-1);
    assert.ok(!last || candle.time >= last.time, "a chart takes no candle before its last one");
    if (last?.time === candle.time) this.candles.pop();
    this.candles.push(candle);
  }
}

function candle(time: number, close: number): Candle {
  const [one, nine, last] = [figure(1), figure(9), figure(close)];
  return { time, open: one, high: nine, low: one, close: last, volume: last };
}

function figure(value: number): Figure {
  return readNumber(value)!;
}

/** Times and closing prices. */
function closes({ candles }: Chart): unknown {
  return candles.map(({ time, close }) => [time, close.value]);
}

Deno.test("a candle that closed since the chart was drawn is drawn as it closed", () => {
  const [history, drawing, chart] = [new CandleHistory(), new CandleDrawing(), new Chart()];
  const add = (next: Candle) => {
    history.add(next);
    drawing.changed(next.time);
  };
  add(candle(0, 2));
  drawing.draw(history.all, chart);
  add(candle(0, 3));
  add(candle(5, 4));
  drawing.draw(history.all, chart);
  assert.deepEqual(closes(chart), [[0, 3], [5, 4]]);
  assert.equal(chart.whole, 1);
});

Deno.test("all candles are drawn that formed while nothing was drawn, as in a hidden tab", () => {
  const [history, drawing, chart] = [new CandleHistory(), new CandleDrawing(), new Chart()];
  drawing.draw(history.all, chart);
  for (const [at, price] of [1, 2, 3, 4, 5].entries()) {
    drawing.changed(history.trade(at * 5 + 1, figure(price), figure(1), 5));
    if (at === 0) drawing.draw(history.all, chart);
  }
  drawing.draw(history.all, chart);
  assert.deepEqual(closes(chart), [
    [0, 1],
    [5, 2],
    [10, 3],
    [15, 4],
    [20, 5],
  ]);
});

Deno.test("whatever comes in whatever order, the chart has what there is once it is drawn", () => {
  const events = fc.array(
    fc.record({
      seconds: fc.integer({ min: 0, max: 60 }),
      price: fc.integer({ min: 1, max: 99 }),
      draw: fc.boolean(),
      restarts: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 60 },
  );
  fc.assert(fc.property(events, (events) => {
    const [history, drawing, chart] = [new CandleHistory(), new CandleDrawing(), new Chart()];
    for (const { seconds, price, draw, restarts } of events) {
      drawing.changed(history.trade(seconds, figure(price), figure(1), 5));
      if (restarts) drawing.restart();
      if (draw) drawing.draw(history.all, chart);
    }
    drawing.draw(history.all, chart);
    assert.deepEqual(chart.candles, history.all);
  }));
});

Deno.test("a candle built of trades has the exact sum of their amounts", () => {
  const history = new CandleHistory();
  for (const amount of ["0.1", "0.2", "1e-18", "100000000"]) {
    history.trade(1, figure(5), readNumber(amount)!, 5);
  }
  assert.equal(history.all[0]!.volume.text, "100000000.300000000000000001");
});

Deno.test("candles that have another scale than before are all drawn again", () => {
  const [history, drawing, chart] = [new CandleHistory(), new CandleDrawing(), new Chart()];
  history.add(candle(0, 2));
  drawing.draw(history.all, chart);
  drawing.rescaled();
  drawing.draw(history.all, chart);
  assert.equal(chart.whole, 2);
});
