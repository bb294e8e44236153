/**
 * Builds the live page's script, which the program holds and serves:
 *
 *     deno run -A scripts/build_page.ts           writes web/built/page.js
 *     deno run -A scripts/build_page.ts --check   exits with 1 when it is not current
 *
 * It is committed, so that nobody who runs Ranger has anything to build. The page's other files,
 * web/index.html, web/page.css and web/icon.svg, are served as they are.
 */
import { deno } from "./deno_command.ts";
import { writeOrCheck } from "./generated.ts";

const script = await deno(
  ...["bundle", "--quiet", "--frozen", "--minify", "--platform=browser", "web/src/main.ts"],
);
await writeOrCheck("web/built/page.js", "scripts/build_page.ts", script);
