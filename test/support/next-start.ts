/** The same site by a plain `next start` (`npm run start:next`). */
import { Child } from "#scripts/services/child.ts";
import { freePort, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import type { Site } from "./site.ts";

export interface NextStart {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Starts it on a free port, with the site's servers and settings. */
export async function startNext(
  site: Site,
  env: Readonly<Record<string, string>> = {},
): Promise<NextStart> {
  const port = await freePort();
  const child = new Child(
    "next",
    process.execPath,
    ["node_modules/next/dist/bin/next", "start", "-p", String(port), "-H", "127.0.0.1"],
    { env: { ...process.env, ...site.env, PORT: String(port), NODE_ENV: "production", ...env } },
  );
  await waitUntil("next start", () => portAnswers(port), { gaveUp: () => child.diedBecause });
  return { port, pid: child.pid, stop: () => child.stop() };
}
