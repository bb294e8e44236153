import assert from "node:assert/strict";
import fc from "fast-check";
import { CandleDrawing } from "../../web/src/candle_drawing.ts";
import { type Candle, CandleHistory } from "../../web/src/candle_history.ts";

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
  return { time, open: 1, high: 9, low: 1, close, volume: close };
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
  assert.deepEqual(chart.candles.map(({ time, close }) => [time, close]), [[0, 3], [5, 4]]);
  assert.equal(chart.whole, 1);
});

Deno.test("all candles are drawn that formed while nothing was drawn, as in a hidden tab", () => {
  const [history, drawing, chart] = [new CandleHistory(), new CandleDrawing(), new Chart()];
  drawing.draw(history.all, chart);
  for (const [at, price] of [1, 2, 3, 4, 5].entries()) {
    drawing.changed(history.trade(at * 5 + 1, price, 1, 5));
    if (at === 0) drawing.draw(history.all, chart);
  }
  drawing.draw(history.all, chart);
  assert.deepEqual(chart.candles.map(({ time, close }) => [time, close]), [
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
      drawing.changed(history.trade(seconds, price, 1, 5));
      if (restarts) drawing.restart();
      if (draw) drawing.draw(history.all, chart);
    }
    drawing.draw(history.all, chart);
    assert.deepEqual(chart.candles, history.all);
  }));
});
