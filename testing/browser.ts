import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./chromium.ts";

/**
 * Starts a Chromium without a window, which talks to nobody by itself.
 *
 * @returns undefined where there is none
 * @example
 * ```ts
 * const browser = await launchChromium();
 * if (browser === undefined) console.log("no Chromium here: not tried");
 * ```
 */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  return await chromium.launch({
    executablePath,
    args: [
      ...(Deno.uid() === 0 ? ["--no-sandbox"] : []),
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
