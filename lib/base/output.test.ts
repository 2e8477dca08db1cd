import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";

/** Logs so many lines at once, says on standard error how many it dropped, and ends when it is told to. */
const program = (lines: number) => `
  import { createLog } from "#lib/base/log.ts";
  import { processOutput, redirectConsole } from "#lib/base/output.ts";
  redirectConsole();
  const log = createLog("test", "info");
  for (let number = 1; number <= ${lines}; number++) log.info({ number });
  console.error(String(processOutput().linesDropped));
  setInterval(() => log.info({}), 100);
  process.on("SIGTERM", () => process.exit(0));
`;

describe("ProcessOutput", () => {
  it("ProcessOutput drops what a reader does not take, and reports exactly that when it reads again", async () => {
    const wanted = 8_000;
    const args = ["--import", "tsx", "--input-type=module", "--eval", program(wanted)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    try {
      const [said] = await once(createInterface({ input: child.stderr }), "line");
      const dropped = Number(said);
      assert.ok(dropped > 0 && dropped < wanted, `${dropped} dropped`);
      let written = 0;
      for await (const text of createInterface({ input: child.stdout })) {
        const { event, number, lines } = JSON.parse(text);
        if (number !== undefined) written += 1;
        if (event !== "log_lines_dropped") continue;
        assert.equal(lines, dropped);
        break;
      }
      assert.equal(written + dropped, wanted);
    } finally {
      child.kill();
    }
    assert.deepEqual(await ended, [0, null]);
  });
});
