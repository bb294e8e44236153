/**
 * Draws at most once a frame, however often it is asked to.
 *
 * @returns a function that asks for it
 *
 * @example
 * ```ts
 * const changed = eachFrame(() => table.draw());
 * ranger.on("btcusd.trades", changed);
 * ```
 */
export function eachFrame(draw: () => void): () => void {
  let asked = false;
  const run = () => {
    asked = false;
    draw();
  };
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(run);
  };
}
