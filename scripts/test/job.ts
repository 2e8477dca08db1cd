/** One part of the test run: a check, a file of tests, or all tests of the browser. */
import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";

/** Tests that passed and failed. */
export interface Count {
  passed: number;
  failed: number;
}

export interface Outcome extends Count {
  /** Everything that was printed meanwhile. */
  readonly output: string;
}

export interface Job {
  readonly stage: string;
  readonly name: string;
  /** How many cores it keeps busy, on average: one that mostly waits needs little of one. */
  readonly cores: number;
  /** It starts when the production build is done. */
  readonly needsBuild: boolean;
  readonly run: () => Promise<Outcome>;
}

export interface Exit {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program to its end; gives what it printed, in the order in which it was printed. */
export function capture(
  program: string,
  args: readonly string[],
  {
    env = {},
    priority,
  }: { env?: Readonly<Record<string, string>>; priority?: "behind" | undefined } = {},
): Promise<Exit> {
  return new Promise(resolve => {
    let output = "";
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    if (priority === "behind") runBehind(child);
    const keep = (bytes: Buffer) => {
      output += bytes.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", error => resolve({ status: -1, output: `${output}${error.message}\n` }));
    child.once("close", status => resolve({ status, output }));
  });
}

/**
 * Lets the tests that judge time go first: for a process that computes, with all that it starts from now on. A test that
 * measures how long voting stood still then measures the product, and not the compiler or the browser beside it.
 */
export function runBehind({ pid }: ChildProcess): void {
  if (pid !== undefined) setPriority(pid, behind);
}

/** A `nice` value: a third of the usual share of a core that both want. */
const behind = 5;

/** A program whose exit status is the only test. */
export async function judgeByStatus(program: string, args: readonly string[]): Promise<Outcome> {
  const { status, output } = await capture(program, args, { priority: "behind" });
  return status === 0
    ? { passed: 1, failed: 0, output: "" }
    : { passed: 0, failed: 1, output: `${output}exit status ${status}\n` };
}
