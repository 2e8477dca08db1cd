/** What arrived in new batches, by poll and by the life of the front that sent them. */
import type { Batch } from "../model/ballot.ts";
import { type PollId, producerBytes } from "../model/ids.ts";
import type { Acceptance } from "../store/acceptances.ts";

interface Life {
  readonly producer: Buffer;
  readonly ballots: Map<PollId, number>;
}

export function arrivalsOf(batches: readonly Pick<Batch, "id" | "ballots">[]): Acceptance[] {
  const lives = new Map<string, Life>();
  for (const { id, ballots } of batches) {
    const producer = id.subarray(0, producerBytes);
    const name = producer.toString("latin1");
    const life = lives.get(name) ?? { producer, ballots: new Map() };
    lives.set(name, life);
    for (const { pollId } of ballots) {
      life.ballots.set(pollId, (life.ballots.get(pollId) ?? 0) + 1);
    }
  }
  return [...lives.values()].flatMap(({ producer, ballots }) =>
    [...ballots].map(([pollId, count]) => ({ pollId, producer, ballots: count })),
  );
}
