/** Bundling our own entries, one file each: for production, and for the fault tests' own builds. */
import { type BuildOptions, build } from "esbuild";

/** Entry points of our own; packages stay outside. */
export const programs = {
  front: "server/front.ts",
  pages: "server/next-process.ts",
  worker: "worker/main.ts",
  recount: "cli/commands/recount.ts",
  letters: "cli/commands/dead-letters.ts",
  draw: "cli/commands/draw.ts",
  doctor: "cli/commands/doctor.ts",
  migrate: "cli/commands/migrate.ts",
  seed: "cli/commands/seed.ts",
} as const;

/** Bundles `entryPoints` into `outdir`. */
export async function bundle(
  entryPoints: Readonly<Record<string, string>>,
  outdir: string,
  options: Pick<BuildOptions, "conditions" | "plugins"> = {},
): Promise<void> {
  await build({
    entryPoints: { ...entryPoints },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    sourcemap: true,
    logLevel: "warning",
    jsx: "automatic",
    ...options,
  });
}
