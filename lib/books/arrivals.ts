/** What arrived in new batches, by poll and by the life of the front that sent them. */
import { type PollId, producerBytes } from "../ids.ts";
import type { Batch } from "../queue/slot-codec.ts";
import type { Acceptance } from "../store/acceptances.ts";

export function arrivalsOf(batches: readonly Pick<Batch, "id" | "ballots">[]): Acceptance[] {
  const counts = new Map<string, { pollId: PollId; producer: Buffer; ballots: number }>();
  for (const { id, ballots } of batches) {
    const producer = id.subarray(0, producerBytes);
    const life = producer.toString("latin1");
    for (const { pollId } of ballots) {
      const key = `${pollId} ${life}`;
      const entry = counts.get(key);
      if (entry) entry.ballots += 1;
      else counts.set(key, { pollId, producer, ballots: 1 });
    }
  }
  return [...counts.values()];
}
