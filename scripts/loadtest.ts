/**
 * `npm run loadtest`: votes over real HTTP, with distinct voters, retries and deliberate duplicates, and then the
 * books: what was acknowledged must be stored once, and shown once.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { ConfigError, dataDirectory } from "#lib/config/config.ts";
import { readDatabaseUrl } from "#lib/config/database-url.ts";
import { unwrapped } from "#lib/config/setting-types.ts";
import { settings } from "#lib/config/settings.ts";
import {
  address,
  checkedBy,
  createProgram,
  exitStatus,
  ProgramFailure,
  runProgram,
  UsageError,
  wholeNumber,
} from "#lib/program/command-line.ts";
import { type PlannedBallot, type Purpose, planBallots, type State } from "./loadtest/ballots.ts";
import { judge, readStored } from "./loadtest/database-books.ts";
import { Load, type LoadResult } from "./loadtest/run.ts";

interface LoadTestOptions {
  readonly ballots: number;
  readonly voters?: number;
  readonly connections: number;
  readonly duplicates?: number;
  readonly retries?: number;
  readonly url?: string;
  readonly token?: string;
  readonly database?: string;
  readonly settle: number;
}

const program = createProgram<LoadTestOptions>(
  {
    name: "loadtest",
    summary: "cast votes over HTTP, and check the books",
    description:
      "Casts votes in a poll of its own, over many connections: every voter's ballot, a second ballot of some voters " +
      "(to be refused) and the same ballot again (to be accepted and counted once). Then waits until MySQL and the " +
      "results show every acknowledged ballot once. Finds the site of `npm run up` by itself.",
    options: [
      {
        flags: "--ballots <number>",
        text: "ballots to cast",
        default: 20_000,
        read: wholeNumber(1),
      },
      {
        flags: "--voters <number>",
        text: "distinct voters (one for each ballot)",
        read: wholeNumber(1),
      },
      {
        flags: "--connections <number>",
        text: "connections at a time",
        default: 200,
        read: wholeNumber(1),
      },
      {
        flags: "--duplicates <number>",
        text: "second ballots of voters who have voted (a fortieth of the ballots)",
        read: wholeNumber(0),
      },
      {
        flags: "--retries <number>",
        text: "ballots sent twice (a fortieth of the ballots)",
        read: wholeNumber(0),
      },
      {
        flags: "--url <address>",
        text: "the front of another site",
        read: address("http", "https"),
      },
      { flags: "--token <token>", text: "an editor's API token there" },
      {
        flags: "--database <url>",
        text: "its database, to compare the rows as well (DATABASE_URL)",
        read: checkedBy(readDatabaseUrl),
      },
      {
        flags: "--settle <seconds>",
        text: "how long to wait for the books to balance",
        default: 60,
        read: wholeNumber(0),
      },
    ],
    statuses: { 0: "the books balance", 1: "they do not, or the site could not be reached" },
    examples: ["npm run loadtest -- --ballots 20000 --voters 20000 --connections 200"],
  },
  loadTest,
);

interface UpFile {
  readonly front: string;
  readonly databaseUrl?: string;
  readonly apiToken?: string;
}

interface Results {
  readonly ballots: number;
  readonly options: readonly { readonly votes: number }[];
}

/** The site to test. */
interface TestSite {
  readonly url: string;
  readonly token: string;
  readonly databaseUrl: string | undefined;
}

const optionCount = 4;
/** Every n-th first ballot is sent once, without waiting for its answer. */
const leaveEvery = 200;

function siteOf(options: LoadTestOptions): TestSite {
  const path = join(dataDirectory(), "up.json");
  const up = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as UpFile) : undefined;
  const url = options.url ?? up?.front;
  const token = options.token ?? up?.apiToken;
  if (!url || !token) {
    throw new UsageError("no site found: run `npm run up`, or give --url and --token");
  }
  const databaseUrl =
    options.database ?? databaseOfSettings() ?? (options.url ? undefined : up?.databaseUrl);
  return { url, token, databaseUrl };
}

/** @throws ConfigError when it is set and wrong. */
function databaseOfSettings(): string | undefined {
  const { DATABASE_URL: text } = process.env;
  if (text === undefined) return undefined;
  const read = settings.databaseUrl.safeParse(unwrapped(text));
  if (read.success) return read.data;
  throw new ConfigError(read.error.issues.map(({ message }) => `DATABASE_URL ${message}`));
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
  if (!body.slug) throw new ProgramFailure(`no poll was created: ${response.status} ${body.title}`);
  return body.slug;
}

/** So that it does not stay among the site's open polls. */
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

/** Waits until MySQL and the results show as many ballots as expected; gives what they showed last. */
async function settle(
  { url, databaseUrl }: TestSite,
  slug: string,
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

async function loadTest(options: LoadTestOptions): Promise<number> {
  const site = siteOf(options);
  const { ballots, connections, voters = ballots } = options;
  const { duplicates = Math.ceil(ballots / 40), retries = Math.ceil(ballots / 40) } = options;
  const slug = await createPoll(site.url, site.token);
  const choices = Array.from({ length: optionCount }, (_, i) => String(i + 1));
  const plan = planBallots(ballots, voters, duplicates, retries, choices);
  console.log(
    `poll ${slug}: ${plan.ballots.length} requests of ${voters} voters, ${connections} connections`,
  );
  const target = { url: new URL(site.url), slug };
  const result = await new Load(target, plan, leaveEvery).run(connections);
  printLoad(result, plan.ballots.length);
  const count = (purpose: Purpose, state: State) =>
    plan.ballots.filter((b, i) => b.purpose === purpose && result.states[i] === state).length;
  const accepted = count("first", "acknowledged");
  const refusedDuplicates = count("duplicate", "refused");
  const expectedDuplicates = plan.ballots.filter(b => b.purpose === "duplicate").length;
  const { results, stored } = await settle(site, slug, accepted, options.settle * SECOND);
  await closePoll(site.url, site.token, slug);

  const tally = { ballots: results?.ballots ?? 0, votes: results ? sumOfVotes(results) : 0 };
  const verdict = stored
    ? judge(sentBallots(plan.ballots, result), stored, tally)
    : {
        lost: Math.max(0, accepted - tally.ballots),
        doubleCounted: Math.max(0, tally.ballots - accepted),
        unexpected: 0,
      };
  const { lost, doubleCounted, unexpected } = verdict;
  const rows = stored ? stored.rows.size : "(not asked)";
  console.log(
    `  accepted ${accepted} of ${voters}; rows in MySQL ${rows}; tallies ${tally.ballots} ballots, ${tally.votes} votes`,
  );
  console.log(`  duplicates refused ${refusedDuplicates} of ${expectedDuplicates}`);
  console.log(`  retries answered alike ${count("retry", "acknowledged")} of ${retries}`);
  console.log(`  lost ${lost}, double counted ${doubleCounted}, unexpected ${unexpected}`);
  const balanced =
    accepted === tally.ballots &&
    accepted === tally.votes &&
    (!stored || (stored.rows.size === accepted && stored.counted === accepted)) &&
    lost + doubleCounted + unexpected === 0 &&
    accepted === voters &&
    refusedDuplicates === expectedDuplicates &&
    count("retry", "acknowledged") === retries;
  console.log(balanced ? "  the books balance" : "  THE BOOKS DO NOT BALANCE");
  return balanced ? exitStatus.ok : exitStatus.failed;
}

/** By ballot id, as MySQL has it: what each voter chose, and whether it was acknowledged. */
function sentBallots(planned: readonly PlannedBallot[], { states }: LoadResult) {
  return new Map(
    planned.flatMap(({ purpose, ballotId, choice }, i) =>
      purpose === "first"
        ? [[ballotId.replaceAll("-", ""), { choice, acknowledged: states[i] === "acknowledged" }]]
        : [],
    ),
  );
}

await runProgram(program);
