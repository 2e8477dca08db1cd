/** `floodgate reopen`: counts ballots that came too late for a final result, with a reason for readers. */
import { SECOND } from "#lib/base/clock.ts";
import { isFloodgateError } from "#lib/base/errors.ts";
import { plural } from "#lib/base/human-readable.ts";
import { createLog } from "#lib/base/log.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { reopenCount } from "#lib/polls/reopen.ts";
import { isSlug, reopenSchema } from "#lib/polls/schema.ts";
import {
  createProgram,
  exitStatus,
  ProgramFailure,
  UsageError,
} from "#lib/program/command-line.ts";
import { connectServers } from "#lib/program/connections.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";

const statementMsMax = 30 * SECOND;

interface ReopenOptions {
  readonly poll: string;
  readonly reason: string;
}

export const command = createProgram<ReopenOptions>(
  {
    name: "reopen",
    summary: "count votes that came too late for a final result",
    description:
      "Reopens the count of a final poll: votes that were received before the closing, and were set aside because the " +
      "result was final, are counted. The worker does it and makes the result final again, normally within a minute. " +
      "Readers see when and why the result changed. No vote is accepted meanwhile.",
    options: [
      { flags: "--poll <slug>", text: "the poll", required: true },
      { flags: "--reason <text>", text: "a sentence for readers", required: true },
    ],
    statuses: {
      0: "the count is reopened",
      1: "it could not be reopened, and nothing has changed",
    },
    examples: [
      'floodgate reopen --poll city-budget --reason "Votes from one of our servers arrived late."',
    ],
  },
  reopen,
);

async function reopen({ poll: slug, reason: text }: ReopenOptions): Promise<number> {
  if (!isSlug(slug)) throw new UsageError(`"${slug}" is not the name of a poll`);
  const parsed = reopenSchema.safeParse({ reason: text });
  if (!parsed.success) throw new UsageError(`the reason ${parsed.error.issues[0]?.message}`);
  const { reason } = parsed.data;
  const log = createLog("reopen", "silent");
  const limits = { connectionsMax: 1, statementMs: statementMsMax };
  const connections = connectServers(operatorSettings().config, log, limits);
  const { store, clock, agreed, placement, close } = connections;
  const published = new PublishedPolls(placement, store, log);
  try {
    await agreed.take();
    await clock.measure();
    const deps = { store, log, tallies: placement, published };
    const input = { reason, by: "operator" };
    const { ballots } = await reopenCount(deps, slug, input, clock.nowMs());
    print(
      `reopen: ${plural(ballots, "vote")} will be counted; a worker makes the result final again`,
    );
    return exitStatus.ok;
  } catch (error) {
    if (!isFloodgateError(error)) throw error;
    throw new ProgramFailure(error.message);
  } finally {
    await close();
  }
}
