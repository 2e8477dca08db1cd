/**
 * `npm run loadtest -- --ballots 20000 --voters 20000 --connections 200`: votes over real HTTP, with
 * distinct voters, retries and deliberate duplicates, and then the books: what was acknowledged must be
 * stored once, and shown once.
 *
 * Finds the site of `npm run up` by itself; for any other, give `--url` and `--token`, and `--database`
 * (or DATABASE_URL) to have the rows compared too. `--settle` seconds are waited for the books to balance; its status
 * is 1 when they do not.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { planBallots } from "./loadtest/ballots.ts";
import { judge, readStored, type StoredBallots } from "./loadtest/database-books.ts";
import { Load, type LoadResult } from "./loadtest/run.ts";

interface UpFile {
  readonly front: string;
  readonly databaseUrl?: string;
  readonly apiToken?: string;
}

interface Results {
  readonly ballots: number;
  readonly options: readonly { readonly votes: number }[];
}

const { values } = parseArgs({
  options: {
    ballots: { type: "string", default: "20000" },
    voters: { type: "string" },
    connections: { type: "string", default: "200" },
    duplicates: { type: "string" },
    retries: { type: "string" },
    url: { type: "string" },
    token: { type: "string" },
    database: { type: "string" },
    settle: { type: "string", default: "60" },
  },
});

const optionCount = 4;

function upFile(): UpFile | undefined {
  const path = join(process.env.FLOODGATE_DATA_DIR ?? ".data", "up.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as UpFile) : undefined;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number`);
  process.exit(64);
}

async function createPoll(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/polls`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      question: `Load test of ${new Date().toISOString()}`,
      options: Array.from({ length: optionCount }, (_, i) => ({ label: `Option ${i + 1}` })),
      opensAt: new Date(Date.now() - SECOND).toISOString(),
    }),
  });
  const body = (await response.json()) as { slug?: string; title?: string };
  if (!body.slug) throw new Error(`no poll was created: ${response.status} ${body.title}`);
  return body.slug;
}

/** Nobody shall find it open among the site's polls. */
async function closePoll(url: string, token: string, slug: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  await fetch(`${url}/api/polls/${slug}/close`, { method: "POST", headers });
}

async function readResults(url: string, slug: string): Promise<Results | undefined> {
  const response = await fetch(`${url}/api/polls/${slug}/results`).catch(() => undefined);
  return response?.ok ? ((await response.json()) as Results) : undefined;
}

const sumOfVotes = (results: Results) =>
  results.options.reduce((sum, option) => sum + option.votes, 0);

/** Waits until nothing moves any more, and everybody says the same. */
async function settle(
  url: string,
  slug: string,
  databaseUrl: string | undefined,
  expected: number,
  withinMs: number,
) {
  const until = monotonicMs() + withinMs;
  for (;;) {
    const results = await readResults(url, slug);
    const stored = databaseUrl
      ? await readStored(databaseUrl, slug).catch(() => undefined)
      : undefined;
    const shown = results?.ballots === expected && sumOfVotes(results) === expected;
    const rows = !databaseUrl || (stored?.rows.size === expected && stored.counted === expected);
    if ((shown && rows) || monotonicMs() > until) return { results, stored };
    await sleep(200);
  }
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function printLoad(result: LoadResult, answered: number): void {
  const p50 = percentile(result.latencies, 0.5).toFixed(1);
  const p99 = percentile(result.latencies, 0.99).toFixed(1);
  const statuses = [...result.statusCounts].sort().map(([status, n]) => `${status}: ${n}`);
  console.log(`  ${Math.round(answered / result.seconds)} votes/s, p50 ${p50} ms, p99 ${p99} ms`);
  console.log(`  answers ${statuses.join(", ")}; ${result.brokenConnections} connections broke`);
}

async function main(): Promise<number> {
  const up = upFile();
  const url = values.url ?? up?.front;
  const token = values.token ?? up?.apiToken;
  const databaseUrl =
    values.database ?? process.env.DATABASE_URL ?? (values.url ? undefined : up?.databaseUrl);
  if (!url || !token) {
    console.error("no site found: run `npm run up`, or give --url and --token");
    return 64;
  }
  const ballots = wholeNumber("ballots", values.ballots);
  const voters = wholeNumber("voters", values.voters ?? values.ballots);
  const duplicates = wholeNumber(
    "duplicates",
    values.duplicates ?? String(Math.ceil(ballots / 40)),
  );
  const retries = wholeNumber("retries", values.retries ?? String(Math.ceil(ballots / 40)));
  const connections = wholeNumber("connections", values.connections);
  const settleMs = wholeNumber("settle", values.settle) * SECOND;

  const slug = await createPoll(url, token);
  const options = Array.from({ length: optionCount }, (_, i) => String(i + 1));
  const plan = planBallots(ballots, voters, duplicates, retries, options);
  console.log(
    `poll ${slug}: ${plan.ballots.length} requests of ${voters} voters, ${connections} connections`,
  );
  const leaveEvery = 200;
  const result = await new Load({ url: new URL(url), slug }, plan, leaveEvery).run(connections);
  printLoad(result, plan.ballots.length);

  const count = (purpose: string, state: string) =>
    plan.ballots.filter((b, i) => b.purpose === purpose && result.states[i] === state).length;
  const accepted = count("first", "acknowledged");
  const refusedDuplicates = count("duplicate", "refused");
  const expectedDuplicates = plan.ballots.filter(b => b.purpose === "duplicate").length;
  const { results, stored } = await settle(url, slug, databaseUrl, accepted, settleMs);
  await closePoll(url, token, slug);

  const sent = new Map(
    plan.ballots.flatMap((b, i) =>
      b.purpose === "first"
        ? [
            [
              b.ballotId.replaceAll("-", ""),
              { choice: b.choice, acknowledged: result.states[i] === "acknowledged" },
            ],
          ]
        : [],
    ),
  );
  const tally = { ballots: results?.ballots ?? 0, votes: results ? sumOfVotes(results) : 0 };
  const seen: StoredBallots | undefined = stored;
  const verdict = seen
    ? judge(sent, seen, tally)
    : {
        lost: Math.max(0, accepted - tally.ballots),
        doubleCounted: Math.max(0, tally.ballots - accepted),
        unexpected: 0,
        recovered: 0,
      };
  console.log(
    `  accepted ${accepted} of ${voters}; rows in MySQL ${seen ? seen.rows.size : "(not asked)"}; tallies ${tally.ballots} ballots, ${tally.votes} votes`,
  );
  console.log(`  duplicates refused ${refusedDuplicates} of ${expectedDuplicates}`);
  console.log(`  retries answered alike ${count("retry", "acknowledged")} of ${retries}`);
  console.log(
    `  lost ${verdict.lost}, double counted ${verdict.doubleCounted}, unexpected ${verdict.unexpected}`,
  );
  const balanced =
    accepted === tally.ballots &&
    accepted === tally.votes &&
    (!seen || (seen.rows.size === accepted && seen.counted === accepted)) &&
    verdict.lost + verdict.doubleCounted + verdict.unexpected === 0 &&
    accepted === voters &&
    refusedDuplicates === expectedDuplicates &&
    count("retry", "acknowledged") === retries;
  console.log(balanced ? "  the books balance" : "  THE BOOKS DO NOT BALANCE");
  return balanced ? 0 : 1;
}

process.exit(await main());
