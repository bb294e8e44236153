/**
 * Checks what people read in this repository: spelling (cspell), and turns of phrase that CONTRIBUTING.md
 * excludes.
 *
 *     deno task prose
 *
 * A word that is right and unknown goes into `scripts/words.txt`. Exit code 1 if something is found.
 */
const ROOT = new URL("../", import.meta.url).pathname;

/** Of its own lock file: its packages are not the program's. */
const CSPELL = "npm:cspell@10.4.1";

const CHECKED = /\.(ts|md|html|css|sh|service|target|yml|toml|c|h)$|^Makefile$|^\.ci\/run$/;
/** Generated from sources that are checked, or the list of forms itself. */
const LEFT_OUT = /^(web\/built\/|docs\/benchmarks\.md$|scripts\/check_prose\.ts$|LICENSE$)/;

/** What to write instead, by form. */
const FORMS: readonly (readonly [form: RegExp, instead: string])[] = [
  [/\bwhoever\b/i, "name the subject"],
  [/\bthose who\b/i, "name them: clients, users, subscribers"],
  [/\banew\b/i, "again"],
  [/\b(?:is|are|was|be) told\b/i, "say what is reported to what"],
  [/(?<!\bthere )\bis no (?!longer\b|more\b|such\b|better\b)[a-z]/i, "is not a …"],
  [/\bwho (?:leaves|comes|holds|reads|joins|stops)\b/i, "name the client, session or reader"],
  [/\bof (?:its|their) own\b/i, "say which one"],
  [/\bso many\b/i, "give the number or its name"],
  [/\bat one's\b/i, "say when"],
];

/** @returns complaints, one line each: `file:line: "form": instead` */
export function quaint(file: string, text: string): string[] {
  const found: string[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    for (const [form, instead] of FORMS) {
      const match = form.exec(line);
      if (match) found.push(`${file}:${at + 1}: "${match[0]}": ${instead}`);
    }
  }
  return found;
}

async function checkedFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", { args: ["ls-files"], cwd: ROOT }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .filter((file) => CHECKED.test(file) && !LEFT_OUT.test(file));
}

async function spellingIsRight(files: readonly string[]): Promise<boolean> {
  const cspell = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-config", "--frozen", `--lock=${ROOT}scripts/spelling.lock`],
      ...["--allow-read", "--allow-env", "--allow-sys", "--allow-write", CSPELL],
      ...["lint", "--no-progress", "--no-summary", "--config", `${ROOT}cspell.json`],
      ...["--file-list", "stdin"],
    ],
    cwd: ROOT,
    stdin: "piped",
  }).spawn();
  const writer = cspell.stdin.getWriter();
  await writer.write(new TextEncoder().encode(files.join("\n")));
  await writer.close();
  return (await cspell.status).success;
}

if (import.meta.main) {
  const files = await checkedFiles();
  const found: string[] = [];
  for (const file of files) found.push(...quaint(file, await Deno.readTextFile(ROOT + file)));
  for (const complaint of found) console.error(complaint);
  const right = await spellingIsRight(files);
  if (found.length > 0) console.error(`${found.length} turns of phrase to make plain`);
  if (!right || found.length > 0) Deno.exit(1);
  console.log(`${files.length} files read: spelling and wording are right`);
}
