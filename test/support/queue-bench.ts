/** Producers on a memcached of their own, for tests that look at single numbers, locks and slots. */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import type { Batch } from "#lib/model/ballot.ts";
import type { BatchId, QueueName } from "#lib/model/ids.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { testClient, testMemcached } from "./services.ts";

const options = ["-M", "-U", "0", "-c", "1024", "-o", "slab_automove_window=3"];

/** Starts the server; it ends, and connections are closed, after the file's tests. */
export async function queueBench(memoryMb?: number) {
  const { port } = await testMemcached(memoryMb === undefined ? { options } : { memoryMb });
  const clients: MemcachedClient[] = [];
  after(() => {
    for (const client of clients) client.close();
  });
  const newClient = () => {
    const client = testClient(port);
    clients.push(client);
    return client;
  };
  return {
    newClient,
    newProducer: (queue: QueueName) => new QueueProducer(queue, newClient()),
    flushAll: () => flushAll(port),
  };
}

async function flushAll(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.write("flush_all\r\n");
  await new Promise(resolve => socket.once("data", resolve));
  socket.destroy();
  await sleep(20);
}

let queues = 0;
export const newQueue = () => `test.${++queues}` as QueueName;

export const emptyBatch = (): Batch => ({
  id: randomBytes(12) as BatchId,
  ballots: [],
  talliesDoubtful: false,
});

/** Targets of one queue. */
export const to = (producer: QueueProducer) => ({
  queues: [[producer]],
  copies: 1,
  order: [producer.client],
});
