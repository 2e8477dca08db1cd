/** The Node that this command runs on. The units in `deploy/` run fronts and workers on the same one. */
import { oldestSupported, unsupportedNode } from "#lib/base/supported-node.ts";
import { type Finding, ok, warn } from "./finding.ts";

const about = "Node";

/** @param version - without the "v". */
export function checkNode(version = process.versions.node): Finding[] {
  const says = unsupportedNode(version);
  if (!says) return [ok(about, version)];
  const todo = `Install Node ${oldestSupported} or later, and restart fronts and workers.`;
  return [warn(about, "node", says, todo)];
}
