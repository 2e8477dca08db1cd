import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const program = `
  import { end } from "./scripts/test/end.ts";
  console.log("a line of a long log\\n".repeat(50_000));
  console.log("1 passed, 0 failed");
  end(3);
`;

describe("end", () => {
  it("end keeps the last line of a long log for a reader that is slow", async () => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", program],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await sleep(1_000);
    let output = "";
    for await (const bytes of child.stdout) output += bytes;
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 3);
    assert.match(output, /\n1 passed, 0 failed\n$/);
  });
});
