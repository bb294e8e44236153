import assert from "node:assert/strict";
import { WriteDelay } from "../../src/delivery/write_delay.ts";
import { mean, MEASURED, type PlantSample, WritePlant } from "../support/write_plant.ts";

/** From here on a load is settled. */
const SETTLED_MS = 200;

function settled(samples: readonly PlantSample[]): PlantSample[] {
  return samples.filter(({ at }) => at >= SETTLED_MS);
}

function scaled(load: typeof MEASURED.hot | typeof MEASURED.market, factor: number) {
  return { ...load, framesPerSecond: load.framesPerSecond * factor };
}

for (const [name, load] of Object.entries(MEASURED)) {
  Deno.test(`${name}: there is no delay while the core has time`, () => {
    const plant = new WritePlant();
    // Without a delay each frame is a write: this number takes half of the core.
    const frames = 0.5 / load.writeUs * 1e6;
    const samples = plant.run({ ...load, framesPerSecond: frames }, 1000);
    assert.equal(Math.max(...samples.map(({ delayMs }) => delayMs)), 0);
  });

  Deno.test(`${name}: a load that is too much without a delay settles at the target`, () => {
    const plant = new WritePlant();
    const samples = settled(plant.run(load, 2000));
    const share = mean(samples.map((sample) => sample.share));
    assert.ok(share > 0.65 && share < 0.75, `${share} of the core`);
    const delays = samples.map(({ delayMs }) => delayMs);
    const delay = mean(delays);
    assert.ok(delay > 0.5 && delay < 12, `${delay} ms`);
    const swing = Math.max(...delays) - Math.min(...delays);
    assert.ok(
      swing < Math.max(2, delay),
      `between ${Math.min(...delays)} and ${Math.max(...delays)}`,
    );
  });

  Deno.test(`${name}: a step of the load settles in 200 ms, up and down`, () => {
    const plant = new WritePlant();
    plant.run(scaled(load, 0.05), 1000);
    assert.equal(plant.writeDelay.delayMs, 0);
    const up = plant.run(load, 2000);
    const final = mean(up.slice(-100).map(({ delayMs }) => delayMs));
    const after = mean(up.filter(({ at }) => at >= 200 && at < 300).map(({ delayMs }) => delayMs));
    assert.ok(Math.abs(after - final) < Math.max(1, final / 3), `${after} ms, then ${final} ms`);
    const down = plant.run(scaled(load, 0.05), 1000);
    assert.equal(mean(settled(down).map(({ delayMs }) => delayMs)), 0);
  });

  Deno.test(`${name}: a core that is full has the longest delay`, () => {
    const plant = new WritePlant();
    const full = { ...scaled(load, 4), otherShare: 0.6 };
    const samples = settled(plant.run(full, 2000));
    assert.ok(mean(samples.map(({ delayMs }) => delayMs)) > 18);
  });
}

Deno.test("where nothing gathers there is no delay, however busy the core is", () => {
  const writeDelay = new WriteDelay(() => 0);
  for (let now = 5; now < 2000; now += 5) {
    const writes = 700;
    writeDelay.record({ writes, frames: writes, waitMs: writes * 3, tookMs: 4.5, lateMs: 1 }, now);
    assert.equal(writeDelay.delayMs, 0);
  }
});

Deno.test("late writes shorten the delay, unless writing takes the whole core already", () => {
  const delayOf = (lateMs: number, tookMs: number) => {
    let cpu = 0;
    const writeDelay = new WriteDelay(() => cpu);
    for (let now = 5; now < 2000; now += 5) {
      cpu += 5;
      writeDelay.record({ writes: 300, frames: 900, waitMs: 300 * 9, tookMs, lateMs }, now);
    }
    return writeDelay.delayMs;
  };
  const most = delayOf(0, 3.2);
  assert.ok(most > 15, `${most} ms`);
  assert.ok(delayOf(15, 3.2) < most * 0.7);
  assert.equal(delayOf(1000, 3.2), 0);
  assert.ok(delayOf(1000, 4.5) > 15);
});

Deno.test("a pause is forgotten: what was before it says nothing about the load after it", () => {
  const plant = new WritePlant();
  plant.run(MEASURED.hot, 1000);
  assert.ok(plant.writeDelay.delayMs > 0);
  plant.run({ ...MEASURED.hot, framesPerSecond: 1000 }, 500);
  assert.equal(plant.writeDelay.delayMs, 0);
});
