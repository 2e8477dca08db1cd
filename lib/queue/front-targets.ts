/**
 * The queues that a front's batches go into, by lane. They follow the placement, whose servers can change while the
 * front runs; the state of a queue's producer is kept.
 */
import type { Config } from "../config/config.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { inOrderFrom, type Placement } from "../memcached/placement.ts";
import { type Lane, lanes } from "../model/lane.ts";
import type { Targets } from "./batch-write.ts";
import { QueueProducer } from "./producer.ts";
import { queueName } from "./queue-names.ts";
import type { ServerQueues } from "./server-write.ts";

type Settings = Pick<Config, "queueHomes" | "queueFirstHome" | "queueCopies">;

export class FrontTargets {
  readonly byLane: Readonly<Record<Lane, Targets>>;

  constructor(settings: Settings, placement: Placement) {
    const [high, normal, low] = lanes.map(lane => new LaneTargets(lane, settings, placement));
    this.byLane = { high, normal, low } as Record<Lane, Targets>;
  }
}

class LaneTargets implements Targets {
  readonly copies: number;
  readonly #lane: Lane;
  readonly #settings: Settings;
  readonly #placement: Placement;
  readonly #queuesOn = new Map<MemcachedClient, ServerQueues>();

  constructor(lane: Lane, settings: Settings, placement: Placement) {
    this.#lane = lane;
    this.#settings = settings;
    this.#placement = placement;
    this.copies = settings.queueCopies;
  }

  get order(): readonly MemcachedClient[] {
    return this.#placement.enqueueServers;
  }

  /** In the order in which this process tries them; neighbours begin with different servers. */
  get queues(): readonly ServerQueues[] {
    const { order } = this;
    const first = this.#settings.queueFirstHome % order.length;
    return inOrderFrom(order, first).map(server => this.#on(server));
  }

  #on(server: MemcachedClient): ServerQueues {
    const known = this.#queuesOn.get(server);
    if (known) return known;
    const queues = homesFrom(this.#settings).map(
      home => new QueueProducer(queueName(this.#lane, home), server),
    );
    this.#queuesOn.set(server, queues);
    return queues;
  }
}

/** All homes, this process's own first: the order in which queues are tried. */
function homesFrom({ queueHomes: homes, queueFirstHome: first }: Settings): number[] {
  return Array.from({ length: homes }, (_, index) => (first + index) % homes);
}
