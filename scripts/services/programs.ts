/**
 * Finding the servers and the browser on this machine, and installing them where that is allowed:
 * Debian and Ubuntu as root, or Homebrew. Elsewhere one message says what to run.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type Program =
  | "memcached"
  | "mariadb"
  | "mariadb-install-db"
  | "chromium"
  | "nginx"
  | "haproxy"
  | "caddy"
  | "redis-server"
  | "systemd-analyze";

interface Source {
  /** Names it goes by, the usual one first. */
  readonly commands: readonly string[];
  readonly debian: readonly string[];
  readonly homebrew: string;
}

const sources: Readonly<Record<Program, Source>> = {
  memcached: { commands: ["memcached"], debian: ["memcached"], homebrew: "memcached" },
  mariadb: {
    commands: ["mariadbd", "mysqld"],
    debian: ["mariadb-server"],
    homebrew: "mariadb",
  },
  "mariadb-install-db": {
    commands: ["mariadb-install-db", "mysql_install_db"],
    debian: ["mariadb-server"],
    homebrew: "mariadb",
  },
  chromium: {
    // The build without windows uses a third of the processor time for a page.
    commands: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    debian: ["chromium-headless-shell", "fonts-liberation"],
    homebrew: "chromium",
  },
  nginx: { commands: ["nginx"], debian: ["nginx"], homebrew: "nginx" },
  haproxy: { commands: ["haproxy"], debian: ["haproxy"], homebrew: "haproxy" },
  caddy: { commands: ["caddy"], debian: ["caddy"], homebrew: "caddy" },
  // Only the benchmark's peer runs on it; without it, that scenario is left out.
  "redis-server": { commands: ["redis-server"], debian: ["redis-server"], homebrew: "redis" },
  "systemd-analyze": { commands: ["systemd-analyze"], debian: ["systemd"], homebrew: "systemd" },
};

/** Directories that servers live in although they are not on everybody's PATH. */
const furtherDirectories = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin"];

/** The program's full path, or `undefined` when this machine does not have it. */
export function findProgram(program: Program): string | undefined {
  const directories = [...(process.env.PATH ?? "").split(delimiter), ...furtherDirectories];
  for (const command of sources[program].commands) {
    for (const directory of directories) {
      const path = join(directory, command);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The paths of all `programs`, installing what is missing.
 *
 * @param say - called with a sentence about each step.
 * @throws Error with the exact commands to run when something is missing and can't be installed here.
 */
export function ensurePrograms<P extends Program>(
  programs: readonly P[],
  say: (sentence: string) => void,
): Record<P, string> {
  const missing = programs.filter(program => !findProgram(program));
  if (missing.length > 0) install(missing, say);
  const paths = programs.map(program => {
    const path = findProgram(program);
    if (!path) throw new Error(howToInstall([program]));
    return [program, path] as const;
  });
  return Object.fromEntries(paths) as Record<P, string>;
}

function install(programs: readonly Program[], say: (sentence: string) => void): void {
  const debian = [...new Set(programs.flatMap(program => sources[program].debian))];
  const homebrew = [...new Set(programs.map(program => sources[program].homebrew))];
  const isRoot = process.getuid?.() === 0;
  if (isExecutable("/usr/bin/apt-get") && isRoot) {
    say(`installing ${debian.join(", ")} (Debian packages)`);
    // RUNLEVEL=1 keeps the packages from starting system-wide servers: ours are private.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    const packages = ["install", "-y", "-q", "--no-install-recommends", ...debian];
    if (!run("apt-get", packages, env)) {
      run("apt-get", ["update", "-q"], env);
      if (!run("apt-get", packages, env)) throw new Error(howToInstall(programs));
    }
    return;
  }
  if (isExecutable("/opt/homebrew/bin/brew") || isExecutable("/usr/local/bin/brew")) {
    say(`installing ${homebrew.join(", ")} (Homebrew)`);
    if (!run("brew", ["install", ...homebrew], process.env))
      throw new Error(howToInstall(programs));
    return;
  }
  throw new Error(howToInstall(programs));
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return spawnSync(command, args, { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

function howToInstall(programs: readonly Program[]): string {
  const debian = [...new Set(programs.flatMap(program => sources[program].debian))].join(" ");
  const homebrew = [...new Set(programs.map(program => sources[program].homebrew))].join(" ");
  return [
    `${programs.join(", ")} not found, and it can't be installed from here. Please run one of:`,
    `  Debian, Ubuntu:  sudo apt-get install ${debian}`,
    `  macOS:           brew install ${homebrew}`,
    "or point MEMCACHED_SERVERS and DATABASE_URL at servers of your own.",
  ].join("\n");
}
