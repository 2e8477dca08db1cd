/** `floodgate doctor` as an operator runs it. */
import { execFile } from "node:child_process";
import { join } from "node:path";

export interface Examined {
  readonly status: number;
  readonly output: string;
}

/** Runs the doctor as an operator does. `undefined` takes a setting out of the environment. */
export function doctor(env: Record<string, string | undefined>, cwd = "."): Promise<Examined> {
  const program = join(process.cwd(), "dist/cli.mjs");
  return new Promise(resolve => {
    execFile(
      process.execPath,
      ["--enable-source-maps", program, "doctor"],
      { env: { ...process.env, ...env }, cwd, timeout: 30_000 },
      (error, stdout, stderr) =>
        resolve({ status: error ? Number(error.code ?? -1) : 0, output: stdout + stderr }),
    );
  });
}
