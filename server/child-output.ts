/**
 * What a child process of the front writes to its standard output and standard error, passed on line by line.
 *
 * A child does not share its parent's outputs: whichever of the processes ends makes a shared pipe block for the
 * others, and a process that writes to a pipe which blocks and that nobody reads stands still.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { processOutput } from "#lib/base/output.ts";

/** Longer than reading what a process that has ended left in its pipes. */
const restMsMax = SECOND;

/**
 * Passes on the output of `child`. Resolves when it has ended, with its exit code or signal, or with the reason why it
 * could not be started.
 */
export async function endedWithOutput(
  child: Pick<ChildProcess, "pid" | "stdout" | "stderr" | "on" | "once">,
): Promise<number | string | null> {
  const output = processOutput();
  const passed = Promise.all([
    passOn(child.stdout, line => output.writeOut(line)),
    passOn(child.stderr, line => output.writeErr(line)),
  ]);
  const status = await new Promise<number | string | null>(resolve => {
    child.once("exit", (code, signal) => resolve(signal ?? code));
    child.on("error", error => {
      // Also emitted for a signal or a message that did not reach a running process.
      if (child.pid === undefined) resolve(error.message);
    });
  });
  await Promise.race([passed, sleep(restMsMax)]);
  return status;
}

async function passOn(
  from: Readable | null | undefined,
  write: (line: string) => void,
): Promise<void> {
  if (!from) return;
  const lines = createInterface({ input: from });
  lines.on("line", line => write(`${line}\n`));
  await once(lines, "close");
}
