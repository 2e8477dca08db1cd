/** The sources that a build is made of, so that it is made again only when one of them has changed. Every
 * supported Node makes the same build. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directories = ["app", "cli", "lib", "public", "reader", "server", "worker"];
const files = [
  "next.config.ts",
  "package.json",
  "package-lock.json",
  "postcss.config.mjs",
  "tsconfig.json",
];
const generated = new Set(["reader/generated.ts", "worker/generated.ts"]);

function* filesUnder(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

/** A digest of all sources and of `more` files: the same when nothing changed, wherever the checkout lies. */
export function digestOfSources(more: readonly string[] = []): string {
  const hash = createHash("sha256");
  const all = [...directories.flatMap(directory => [...filesUnder(directory)]), ...files, ...more];
  for (const path of all.sort()) {
    if (generated.has(path) || path.startsWith("public/fonts") || !existsSync(path)) continue;
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest("hex");
}
