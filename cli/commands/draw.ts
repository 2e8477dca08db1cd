/**
 * `npm run draw -- --poll slug --count 5 --seed "winning numbers of Saturday"`: draws ballots at random, the
 * same ones for whoever draws with the same seed. Prints receipt codes, so that a reader can show that
 * theirs was drawn; with `--choices`, for an audit, what was chosen instead, and never both.
 */
import { parseArgs } from "node:util";
import { drawBallots } from "#lib/audit/draw.ts";
import { ConfigError } from "#lib/config/config.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { gradesOf } from "#lib/model/tally-parts.ts";
import { receiptCode } from "#lib/receipts/receipt-code.ts";
import type { BallotRow } from "#lib/store/ballots.ts";
import { Store } from "#lib/store/database.ts";
import { findPoll } from "#lib/store/polls.ts";
import { deriveVoterSecrets } from "#lib/voters/voter-secrets.ts";
import { operatorSettings } from "../settings.ts";

const exitUsage = 64;
const exitConfig = 78;
const countMax = 10_000;
/** Reading millions of rows is done in portions; each of them may take its time. */
const statementMsMax = 30_000;
const usage = 'draw: --poll slug --count 1 to 10000 --seed "any text" [--choices]';
const say = (line: string) => process.stdout.write(`${line}\n`);

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(exitUsage);
}

function choicesText({ options, kind }: Poll, { choices }: BallotRow): string {
  const label = (number: number) => options.find(option => option.number === number)?.label ?? "?";
  if (kind !== "rating") return [...choices].map(label).join(", ");
  return [...gradesOf(choices)].map(([number, grade]) => `${label(number)}: ${grade}`).join(", ");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      poll: { type: "string" },
      count: { type: "string" },
      seed: { type: "string" },
      choices: { type: "boolean", default: false },
    },
  });
  const count = Number(values.count);
  if (!values.poll || !values.seed) fail(usage);
  if (!Number.isInteger(count) || count < 1 || count > countMax) fail(usage);
  const { config } = operatorSettings();
  const secrets = deriveVoterSecrets(config.secret);
  const store = new Store({
    url: config.databaseUrl,
    connectionsMax: 1,
    statementMs: statementMsMax,
  });
  try {
    const poll = await findPoll(store, values.poll as Slug);
    if (!poll) fail(`draw: there is no poll "${values.poll}"`);
    if (poll.finalizedAtMs === null) {
      process.stderr.write("draw: the poll is not final; a later draw may be another one\n");
    }
    const { drawn, ballots } = await drawBallots(store, poll.id, count, values.seed);
    for (const [index, ballot] of drawn.entries()) {
      const shown = values.choices ? choicesText(poll, ballot) : receiptCode(secrets, ballot);
      say(`${index + 1}  ${new Date(ballot.receivedAtMs).toISOString()}  ${shown}`);
    }
    say(`draw: ${drawn.length} of ${ballots} ballots`);
  } finally {
    await store.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`draw: ${error instanceof Error ? error.message : error}\n`);
  process.exit(error instanceof ConfigError ? exitConfig : 1);
}
