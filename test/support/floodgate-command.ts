/** The operators' program, as the build makes it, with the servers of a test. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** What a command has come to. */
export interface Ended {
  /** Or the signal that ended it. */
  readonly status: number | string;
  readonly stdout: Buffer;
  readonly stderr: string;
}

interface Servers {
  readonly database: { readonly url: string };
  readonly client: { readonly name: string };
}

interface CommandOptions {
  /** The URL of the database; without it, that of the bench. */
  readonly url?: string;
  /** For standard input. */
  readonly input?: Buffer;
}

/** Runs commands of the real program. */
export function commandsOf({ database, client }: Servers) {
  return (args: readonly string[], { url = database.url, input }: CommandOptions = {}) => {
    const env = {
      ...process.env,
      DATABASE_URL: url,
      MEMCACHED_SERVERS: client.name,
      FLOODGATE_SECRET: "a secret that is only good for tests, 32 bytes and more",
    };
    // Without input there is no pipe: Node waits for ever, at its end, for one whose reader was killed.
    const child = spawn(process.execPath, ["dist/cli.mjs", ...args], {
      env,
      stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
    });
    child.stdin?.end(input);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout?.on("data", bytes => stdout.push(bytes));
    child.stderr?.on("data", bytes => stderr.push(bytes));
    const ended = once(child, "close").then(
      ([status, signal]): Ended => ({
        status: status ?? signal,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
    return { ended, kill: () => child.kill("SIGKILL") };
  };
}
