/** An earlier release, checked out beside this one and built. */
import { execFileSync, type StdioOptions } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface EarlierRelease {
  /** Its checkout, in which its programs are started. */
  readonly directory: string;
  remove(): void;
}

/**
 * Builds the release at a git ref, with the packages of its own lockfile.
 *
 * @throws Error with the command that failed.
 */
export function buildEarlierRelease(ref: string): EarlierRelease {
  const parent = mkdtempSync(join(tmpdir(), "floodgate-earlier-"));
  const directory = join(parent, "checkout");
  const remove = () => {
    execFileSync("git", ["worktree", "remove", "--force", directory]);
    rmSync(parent, { recursive: true, force: true });
  };
  execFileSync("git", ["worktree", "add", "--quiet", "--detach", directory, ref]);
  try {
    const inherit: StdioOptions = ["ignore", "ignore", "inherit"];
    for (const args of [
      ["ci", "--prefer-offline", "--no-audit", "--no-fund"],
      ["run", "build"],
    ]) {
      execFileSync("npm", args, { cwd: directory, stdio: inherit });
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { directory, remove };
}
