/** What an editor's process needs to make polls. */

import { sharedSecret } from "#lib/fleet/secret-rotation.ts";
import type { CreateDeps } from "#lib/polls/create.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { connectServers } from "#lib/program/connections.ts";
import { configOf } from "./programs.ts";
import type { SimulatedProcess } from "./scheduler.ts";
import type { World } from "./world.ts";

export function editorsParts(world: World, process: SimulatedProcess, copies: number): CreateDeps {
  const log = world.logOf(process);
  const config = configOf(world, { copies, homes: 1, firstHome: 0, keepMs: 0 });
  const { store, placement } = connectServers(config, log, {
    connectionsMax: 1,
    statementMs: 2_500,
  });
  return {
    store,
    published: new PublishedPolls(placement, store, log),
    tallies: placement,
    log,
    secretForNewPolls: () => sharedSecret(store, config),
  };
}
