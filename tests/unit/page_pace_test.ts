import assert from "node:assert/strict";
import { Pace, type Screen } from "../../web/src/pace.ts";

/** Milliseconds between two frames. */
const FRAME_MS = 16;

/** A screen with a manual clock and frames of a given cost. */
class SlowScreen implements Screen {
  #now = 0;
  #next: (() => void)[] = [];
  #painted: (() => void)[] = [];
  #timers: { at: number; call: () => void }[] = [];
  /** Milliseconds that a frame takes in which something is drawn. */
  cost = 1;

  now(): number {
    return this.#now;
  }

  nextFrame(call: () => void): void {
    this.#next.push(call);
  }

  later(call: () => void, milliseconds: number): void {
    this.#timers.push({ at: this.#now + milliseconds, call });
  }

  painted(call: () => void): void {
    this.#painted.push(call);
  }

  /** Frames, one after the other. @param each is done before each of them */
  play(milliseconds: number, each: () => void = () => {}): void {
    for (const end = this.#now + milliseconds; this.#now < end; this.#now += FRAME_MS) {
      each();
      const due = this.#timers.filter(({ at }) => at <= this.#now);
      this.#timers = this.#timers.filter(({ at }) => at > this.#now);
      for (const { call } of due) call();
      for (const call of this.#next.splice(0)) call();
      if (this.#painted.length > 0) this.#now += this.cost;
      for (const call of this.#painted.splice(0)) call();
    }
  }
}

Deno.test("a change is drawn in the next frame, once, and put off where the last is fresh", () => {
  const screen = new SlowScreen();
  const drawn: number[] = [];
  const changed = new Pace({ between: 250, share: 1 }, screen).drawing(() => {
    drawn.push(screen.now());
  });
  changed();
  changed();
  screen.play(100);
  assert.deepEqual(drawn, [0]);
  changed();
  screen.play(100);
  assert.deepEqual(drawn, [0]);
  screen.play(1000);
  assert.equal(drawn.length, 2);
  assert.ok(drawn[1]! >= 250, `${drawn}`);
});

Deno.test("what changes last is drawn in the end, however slow the machine is", () => {
  for (const cost of [1, 40, 400]) {
    const screen = new SlowScreen();
    screen.cost = cost;
    let state = 0;
    let shown = -1;
    let drawn = 0;
    const changed = new Pace({ share: 0.1 }, screen).drawing(() => {
      shown = state;
      drawn++;
    });
    screen.play(5000, () => {
      state++;
      changed();
    });
    assert.ok(cost === 1 || drawn < state / 4, `${drawn} drawings of ${state} changes`);
    // Not later than a second, and the frame that is under way.
    screen.play(1100 + cost);
    assert.equal(shown, state, `${cost} ms`);
  }
});

Deno.test("frames that cost more are drawn less often, and more often when they cost less", () => {
  const screen = new SlowScreen();
  let drawn = 0;
  const changed = new Pace({ share: 0.2 }, screen).drawing(() => drawn++);
  const drawings = (cost: number) => {
    screen.cost = cost;
    screen.play(2000, changed);
    drawn = 0;
    const begin = screen.now();
    screen.play(10_000, changed);
    return 1000 * drawn / (screen.now() - begin);
  };
  const quick = drawings(1);
  const slow = drawings(50);
  assert.ok(quick > 50, `${quick} a second of 1 ms`);
  assert.ok(slow > 3 && slow <= 4, `${slow} a second of 50 ms`);
  assert.ok(Math.abs(drawings(1) - quick) < 1);
});

Deno.test("one slow frame is none of what frames cost", () => {
  const screen = new SlowScreen();
  let drawn = 0;
  const changed = new Pace({ share: 0.1 }, screen).drawing(() => drawn++);
  screen.play(500, changed);
  screen.cost = 300;
  screen.play(FRAME_MS, changed);
  screen.cost = 1;
  drawn = 0;
  screen.play(10 * FRAME_MS, changed);
  assert.ok(drawn >= 8, `${drawn} drawings in 10 frames`);
});

Deno.test("several changes are drawn in the same frame, and one that fails keeps none from it", () => {
  const screen = new SlowScreen();
  const pace = new Pace({ between: 250, share: 1 }, screen);
  const drawn: string[] = [];
  const failing = pace.drawing(() => {
    drawn.push("failing");
    throw new Error("cannot be drawn");
  });
  const other = pace.drawing(() => drawn.push(`other ${screen.now()}`));
  const again = pace.drawing(() => {
    drawn.push(`again ${screen.now()}`);
    if (drawn.length < 3) again();
  });
  other();
  again();
  screen.play(100);
  assert.deepEqual(drawn, ["other 0", "again 0"]);
  failing();
  other();
  assert.throws(() => screen.play(500), /cannot be drawn/);
  screen.play(500);
  const names = drawn.slice(2).map((one) => one.split(" ")[0]);
  assert.deepEqual(names, ["again", "failing", "other"]);
});
