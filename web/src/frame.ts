/**
 * Draws at most once a frame, however often it is asked to.
 *
 * @param between milliseconds between two drawings at least: for what nobody reads sixty times a
 * second, and costs much to paint
 * @returns a function that asks for it
 *
 * @example
 * ```ts
 * const changed = eachFrame(() => table.draw());
 * ranger.on("btcusd.trades", changed);
 * ```
 */
export function eachFrame(draw: () => void, between = 0): () => void {
  let asked = false;
  let last = -Infinity;
  const run = () => {
    asked = false;
    last = performance.now();
    draw();
  };
  return () => {
    if (asked) return;
    asked = true;
    const wait = last + between - performance.now();
    if (wait <= 0) requestAnimationFrame(run);
    else setTimeout(() => requestAnimationFrame(run), wait);
  };
}
