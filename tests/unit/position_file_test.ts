import assert from "node:assert/strict";
import { PositionFile } from "../../src/cli/tail/position_file.ts";

Deno.test("only a regular file, or a path where there is none, keeps a position", async () => {
  for (const path of ["/dev/null", "/dev/full", ""]) {
    await assert.rejects(PositionFile.open(path), /^ConfigurationError: --resume: /, path);
  }
  assert.ok((await Deno.stat("/dev/null")).isCharDevice);
  const folder = await Deno.makeTempDir();
  try {
    const file = await PositionFile.open(`${folder}/cursor`);
    file.note("2f-k3j9x0q1z7d");
    await file.close();
    const again = await PositionFile.open(`${folder}/cursor`);
    assert.equal(again.cursor, "2f-k3j9x0q1z7d");
    await again.close();
    await assert.rejects(PositionFile.open(folder), /--resume: .* cannot be read/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
