/** scripts/release.sh, on a copy of the sources: what it refuses, and what it makes. */
import assert from "node:assert/strict";
import { type Outcome, ROOT, runProgram } from "../../testing/program.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/** No version that the changelog has. */
const NEXT = "98.7.6";
const ENTRY = "- A change that nobody made.";

Deno.test("a release is refused until tree and changelog are ready, then it is complete", async (t) => {
  await using folder = await temporaryFolder();
  const copy = `${folder.path}/ranger`;
  // With what is not committed yet, so that a change to the script is tested before its commit.
  await copySources(copy);
  const git = (...args: string[]) =>
    runProgram(["git"], [
      "-C",
      copy,
      "-c",
      "user.name=T",
      "-c",
      "user.email=t@example.com",
      ...args,
    ]);
  const commit = async (message: string) => {
    succeeds(await git("add", "-A"));
    succeeds(await git("commit", "-qm", message));
  };
  const release = (...args: string[]) =>
    runProgram([`${copy}/scripts/release.sh`], args, {
      cwd: copy,
      env: {
        RELEASE_BUILD: "build-tree",
        DEB_COMPRESSION: "gzip",
        GIT_AUTHOR_NAME: "T",
        GIT_AUTHOR_EMAIL: "t@example.com",
        GIT_COMMITTER_NAME: "T",
        GIT_COMMITTER_EMAIL: "t@example.com",
      },
    });
  const heading = async (line: string) => {
    const path = `${copy}/CHANGELOG.md`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(
      path,
      text.replace(
        /^## \[(Unreleased|98\.7\.6)\].*$/m,
        line === "" ? `## [Unreleased]` : `${line}`,
      ),
    );
    await commit("the changelog");
  };
  succeeds(await git("init", "-q"));
  await commit("all");

  await t.step("no section in the changelog", async () => {
    refused(await release(NEXT), /CHANGELOG\.md has no section ## \[98\.7\.6\] - DATE/);
  });
  await t.step("a section without a date, or of a day that is none", async () => {
    for (const line of [`## [${NEXT}]`, `## [${NEXT}] - soon`, `## [${NEXT}] - 2026-02-30`]) {
      await heading(line);
      refused(await release(NEXT), /has no date as 2026-12-01/);
    }
  });
  await t.step("an empty section", async () => {
    await heading(`## [${NEXT}] - 2026-12-01\n\n## [98.7.5] - 2026-11-30`);
    refused(await release(NEXT), /is empty/);
  });
  await heading(`## [${NEXT}] - 2026-12-01\n\n${ENTRY}\n\n## [98.7.4] - 2026-11-01`);
  await t.step("a tree with changes", async () => {
    await Deno.writeTextFile(`${copy}/left-over`, "");
    refused(await release(NEXT), /commit or remove these first:\n\?\? left-over/);
    await Deno.remove(`${copy}/left-over`);
  });
  await t.step("a word in place of a version", async () => {
    assert.equal((await release("next")).code, 1);
    assert.equal((await release()).code, 64);
  });

  await t.step("the notes are the section, and no other", async () => {
    assert.equal(succeeds(await release("--notes", NEXT)).stdout.trim(), ENTRY);
  });

  await t.step("everything is of the new version, with checksums", async () => {
    const { stdout } = succeeds(await release(NEXT));
    assert.match(stdout, /committed the version/);
    assert.match(stdout, /git tag -s v98\.7\.6/);
    assert.equal(succeeds(await git("status", "--porcelain")).stdout, "");
    succeeds(await runProgram([`${copy}/scripts/set_version.sh`], ["--check", NEXT]));
    const out = `${copy}/dist/release`;
    succeeds(await runProgram(["sha256sum"], ["--check", "--strict", "SHA256SUMS"], { cwd: out }));
    assert.equal((await Deno.readTextFile(`${out}/RELEASE_NOTES.md`)).trim(), ENTRY);
    const { arch } = Deno.build;
    const listed = (await Deno.readTextFile(`${out}/SHA256SUMS`)).split("\n")
      .map((line) => line.split("  ")[1] ?? "");
    assert.ok(listed.includes(`ranger-${NEXT}-linux-${arch}.tar.gz`), listed.join(" "));
    assert.ok(listed.includes(`ranger-ws-client-${NEXT}.tgz`), listed.join(" "));
    assert.ok(listed.includes(`ranger-ws-client-${NEXT}.cdx.json`), listed.join(" "));
    const bom = JSON.parse(
      await Deno.readTextFile(`${out}/ranger-${NEXT}-linux-${arch}.cdx.json`),
    ) as { metadata: { component: { version: string; properties: { value: string }[] } } };
    assert.equal(bom.metadata.component.version, NEXT);

    succeeds(
      await runProgram(["tar"], ["-xzf", `${out}/ranger-${NEXT}-linux-${arch}.tar.gz`], {
        cwd: folder.path,
      }),
    );
    const program = `${folder.path}/ranger-${NEXT}-linux-${arch}/ranger`;
    const { version, commit } = JSON.parse(
      succeeds(await runProgram([program], ["version", "--json"])).stdout,
    );
    assert.equal(version, NEXT);
    assert.deepEqual(bom.metadata.component.properties.map(({ value }) => value), [commit]);
  });
});

/** All files that git has here, and those that it does not ignore. */
async function copySources(to: string): Promise<void> {
  const { stdout } = succeeds(
    await runProgram(["git"], ["-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"]),
  );
  const files = stdout.split("\0").filter((name) => name !== "");
  await Deno.mkdir(to, { recursive: true });
  succeeds(
    await runProgram(["sh"], [
      "-c",
      `tar -C "$1" --null -T - --ignore-failed-read -cf - | tar -C "$2" -xf -`,
      "sh",
      ROOT,
      to,
    ], {
      stdin: files.join("\0"),
    }),
  );
}

function refused({ code, stderr }: Outcome, reason: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.match(stderr, reason);
}

function succeeds(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr);
  return outcome;
}
