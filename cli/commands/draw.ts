/**
 * `floodgate draw`: draws ballots at random, the same ones for everybody who uses the same seed. Prints receipt
 * codes, so that a reader can show that theirs was drawn; or, for an audit, the choices. Never both.
 */

import { drawBallots } from "#lib/audit/draw.ts";
import { SECOND } from "#lib/base/clock.ts";
import type { Slug } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { gradesOf } from "#lib/model/tally-parts.ts";
import { createProgram, exitStatus, UsageError, wholeNumber } from "#lib/program/command-line.ts";
import { receiptCode } from "#lib/receipts/receipt-code.ts";
import type { BallotRow } from "#lib/store/ballots.ts";
import { Store } from "#lib/store/database.ts";
import { findPoll } from "#lib/store/polls.ts";
import { KnownSecrets } from "#lib/voters/voter-secrets.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print, remark } from "../print.ts";

const countMax = 10_000;
/** Millions of rows are read in portions, and each portion may take its time. */
const statementMsMax = 30 * SECOND;

interface DrawOptions {
  readonly poll: string;
  readonly count: number;
  readonly seed: string;
  readonly choices?: boolean;
}

export const command = createProgram<DrawOptions>(
  {
    name: "draw",
    summary: "draw ballots of a poll at random",
    description:
      "Draws ballots at random, for a prize or an audit. The same seed draws the same ballots, so anybody with the rows " +
      "can check the draw. Choose the seed after the poll has closed. Prints receipt codes, or choices, never both.",
    options: [
      { flags: "--poll <slug>", text: "the poll", required: true },
      {
        flags: "--count <number>",
        text: "how many ballots",
        required: true,
        read: wholeNumber(1, countMax),
      },
      { flags: "--seed <text>", text: "any text, as random as you like", required: true },
      { flags: "--choices", text: "print the choices of each ballot instead of its receipt code" },
    ],
    statuses: { 0: "drawn", 1: "MySQL could not be used" },
    examples: ['floodgate draw --poll city-budget --count 5 --seed "winning numbers of Saturday"'],
  },
  draw,
);

const noSecret =
  "the secret that the poll was created with is neither in FLOODGATE_SECRET nor in FLOODGATE_PREVIOUS_SECRETS; " +
  "without it there are no receipt codes, and --choices works";

function choicesText({ options, kind }: Poll, { choices }: BallotRow): string {
  const label = (number: number) => options.find(option => option.number === number)?.label ?? "?";
  if (kind !== "rating") return [...choices].map(label).join(", ");
  return [...gradesOf(choices)].map(([number, grade]) => `${label(number)}: ${grade}`).join(", ");
}

async function draw(options: DrawOptions): Promise<number> {
  const { config } = operatorSettings();
  const url = config.databaseUrl;
  const store = new Store({ url, connectionsMax: 1, statementMs: statementMsMax });
  try {
    const poll = await findPoll(store, options.poll as Slug);
    if (!poll) throw new UsageError(`there is no poll "${options.poll}"`);
    const secrets = new KnownSecrets(config).of(poll);
    if (!secrets && !options.choices) throw new UsageError(noSecret);
    if (poll.finalizedAtMs === null) {
      remark("draw: the poll is not final yet: a later draw may give other ballots");
    }
    const { drawn, ballots } = await drawBallots(store, poll.id, options.count, options.seed);
    for (const [index, ballot] of drawn.entries()) {
      const shown =
        options.choices || !secrets
          ? choicesText(poll, ballot)
          : receiptCode(secrets, { ...ballot, pollKey: poll.key });
      print(`${index + 1}  ${new Date(ballot.receivedAtMs).toISOString()}  ${shown}`);
    }
    print(`draw: ${drawn.length} of ${ballots} ballots`);
    return exitStatus.ok;
  } finally {
    await store.close();
  }
}
