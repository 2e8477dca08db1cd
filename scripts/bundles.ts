/** Bundling our own programs, one file each: for production, and for the fault tests' own builds. */
import { type BuildOptions, build } from "esbuild";

/** How each of our programs becomes one file that Node.js runs. */
export const oneFile = {
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
} satisfies BuildOptions;

/** Entries of the processes that keep running; packages stay outside. */
const services = {
  front: "server/front.ts",
  pages: "server/next-process.ts",
  worker: "worker/main.ts",
};

/** The operators' program. Its commands are files of their own beside it, loaded when they are asked for. */
const cli = { cli: "cli/floodgate.ts" };

/** Bundles all programs into `outdir`. */
export async function bundle(
  outdir: string,
  options: Pick<BuildOptions, "conditions" | "plugins"> = {},
): Promise<void> {
  const common: BuildOptions = {
    ...oneFile,
    outdir,
    sourcemap: true,
    logLevel: "warning",
    jsx: "automatic",
    ...options,
  };
  await Promise.all([
    build({ ...common, entryPoints: services }),
    build({ ...common, entryPoints: cli, splitting: true, chunkNames: "cli/[name]-[hash]" }),
  ]);
}
