/** What a front says of itself in `/readyz`. */
import type { Readiness } from "#lib/web/readiness.ts";
import type { Child } from "#scripts/services/child.ts";
import { waitUntil } from "#scripts/services/ports.ts";

export async function readiness({ url }: { readonly url: string }): Promise<Readiness> {
  return (await (await fetch(`${url}/readyz`)).json()) as Readiness;
}

/** Waits for the Next process of a front: the front takes votes before. */
export function pagesAnswer(front: { readonly url: string; readonly child: Child }): Promise<void> {
  const answer = async () => (await readiness(front)).pages === "ok";
  return waitUntil("the pages", () => answer().catch(() => false), {
    withinMs: 30_000,
    gaveUp: () => front.child.diedBecause,
  });
}
