/**
 * What must be true when everything has drained, from the fakes' own memory: no answer of the product about itself is
 * believed.
 */
import { tallyKey } from "#lib/memcached/keys.ts";
import type { PollId, PollKey, Slug } from "#lib/model/ids.ts";
import type { PollKind } from "#lib/model/poll-rules.ts";
import { countsOf } from "#lib/model/tally-parts.ts";
import { decodeBatch } from "#lib/queue/slot-codec.ts";
import { describe, type Ledger } from "./ledger.ts";
import type { TableRow } from "./mysql/tables.ts";
import type { Transaction } from "./mysql/transaction.ts";
import type { WorkerProgram } from "./programs.ts";
import type { World } from "./world.ts";

export class Checks {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #workers: readonly WorkerProgram[];

  constructor(world: World, ledger: Ledger, workers: readonly WorkerProgram[]) {
    this.#world = world;
    this.#ledger = ledger;
    this.#workers = workers;
  }

  #rows(table: Parameters<World["mysql"]["server"]["tables"]["rows"]>[0]): TableRow[] {
    return [...this.#world.mysql.server.tables.rows(table).values()];
  }

  /** Everything that is not yet as it must be in the end. */
  complaints(): string[] {
    return [
      ...this.#ballots(),
      ...this.#strangers(),
      ...this.#polls(),
      ...this.#queues(),
      ...this.#letters(),
    ];
  }

  /** Only a ballot that MySQL refuses, or whose poll was taken away by a restore, becomes a dead letter. */
  #letters(): string[] {
    const isHomeless = ({ poll_id, reason }: TableRow) =>
      poll_id === null && String(reason).includes("does not exist");
    const gone = this.#ledger.accepted.filter(each => !this.#exists(each.slug));
    const letters = this.#rows("dead_letters");
    return letters
      .filter(row => gone.length === 0 || !isHomeless(row))
      .filter(row => !this.#isRefused(row))
      .map(row => `a dead letter of poll ${row.poll_id}: ${row.reason}`);
  }

  #isRefused({ bytes }: TableRow): boolean {
    const ballots = decodeBatch(bytes as Buffer)?.ballots ?? [];
    return ballots.every(({ voter }) => this.#ledger.isRefused(voter));
  }

  #exists(slug: Slug): boolean {
    return this.#rows("polls").some(row => row.slug === slug);
  }

  /** An accepted ballot that was not lost with its last holder is stored. */
  #ballots(): string[] {
    return this.#ledger.accepted
      .filter(each => each.lostBy === undefined && this.#exists(each.slug))
      .filter(each => !this.#ledger.isStored(each))
      .map(each => `accepted and not stored: ${describe(each)}`);
  }

  /** Every row is a ballot that its voter offered for this poll. */
  #strangers(): string[] {
    const offered = new Map(
      this.#ledger.offered.map(each => [`${each.pollId}:${each.voter}:${each.ballotId}`, each]),
    );
    return this.#rows("ballots").flatMap(row => {
      const [voter, id] = [row.voter, row.ballot_id].map(cell => (cell as Buffer).toString("hex"));
      const source = offered.get(`${row.poll_id}:${voter}:${id}`);
      const slug = this.#world.mysql.server.tables.rows("polls").get(String(row.poll_id))?.slug;
      if (!source || source.slug !== slug)
        return [`a row of poll ${slug} that nobody offered for it: ${voter}`];
      const isSame =
        source.revision === row.revision &&
        Buffer.compare(source.choices, row.choices as Buffer) === 0;
      return isSame ? [] : [`a row that is not what was offered: ${describe(source)}`];
    });
  }

  #polls(): string[] {
    return this.#rows("polls").flatMap(poll => [
      ...this.#numbers(poll),
      ...this.#finality(poll),
      ...this.#books(poll),
    ]);
  }

  /** Tallies on every server = totals = rows, part by part. */
  #numbers({ id, slug, kind, poll_key }: TableRow): string[] {
    const rows = this.#rows("ballots").filter(row => row.poll_id === id);
    const counting = rows.filter(row => (row.choices as Buffer).length > 0);
    const expected = new Map<string, number>([["b", counting.length]]);
    for (const row of counting) {
      for (const [part, by] of countsOf(kind as PollKind, row.choices as Buffer)) {
        expected.set(String(part), (expected.get(String(part)) ?? 0) + by);
      }
    }
    const found: string[] = [];
    const totals = this.#world.mysql.server.tables.rows("poll_totals").get(String(id));
    if (totals?.ballots !== counting.length) {
      found.push(`${slug}: totals have ${totals?.ballots} ballots, rows ${counting.length}`);
    }
    const options = this.#rows("option_totals").filter(row => row.poll_id === id);
    const votes = options.reduce((sum, row) => sum + (row.votes as number), 0);
    const parts = [...expected].filter(([part]) => part !== "b");
    const votesExpected = parts.reduce((sum, [, count]) => sum + count, 0);
    if (votes !== votesExpected)
      found.push(`${slug}: totals have ${votes} votes, rows ${votesExpected}`);
    return [...found, ...this.#tallies(String(poll_key ?? id) as PollKey, String(slug), expected)];
  }

  #tallies(poll: PollKey, slug: string, expected: ReadonlyMap<string, number>): string[] {
    const placement = this.#workers.find(({ parts }) => parts)?.parts?.tallies.placement;
    if (!placement) return ["no worker runs"];
    return placement.of(poll).flatMap(({ address: { port } }) =>
      [...expected].flatMap(([part, wanted]) => {
        const value = this.#world.serverAt(port).server.peek(tallyKey(poll, part as "b"));
        const is = value === undefined ? "missing" : Number(value.toString().trim());
        return is === wanted
          ? []
          : [`${slug}: tally ${part} on ${port} is ${is}, rows have ${wanted}`];
      }),
    );
  }

  #finality({ slug, closes_at, finalized_at }: TableRow): string[] {
    if (closes_at === null || finalized_at !== null) return [];
    const nowMs = this.#world.mysql.server.options.nowMs();
    return (closes_at as Date).getTime() < nowMs ? [`${slug} has closed and is not final`] : [];
  }

  /** What was accepted is stored, set aside, or lost with its last holder. */
  #books({ id, slug }: TableRow): string[] {
    const totals = this.#world.mysql.server.tables.rows("poll_totals").get(String(id));
    const sources = this.#rows("acceptances").filter(row => row.poll_id === id);
    const sum = (of: (row: TableRow) => number) => sources.reduce((all, row) => all + of(row), 0);
    const arrived = sum(row => row.arrived as number);
    const accepted = sum(row => Math.max(row.accepted as number, row.arrived as number));
    const columns = ["ballots", "replaced", "withdrawn", "duplicates", "repeated", "set_aside"];
    const fates = columns.reduce((all, column) => all + Number(totals?.[column]), 0);
    const found: string[] = [];
    if (fates !== arrived) found.push(`${slug}: books have ${fates} fates of ${arrived} ballots`);
    const lost = Number(totals?.lost);
    const waiting = accepted - arrived - lost;
    if (waiting > 0) found.push(`${slug}: books say that ${waiting} ballots wait`);
    const accepts = this.#ledger.accepted.filter(each => each.slug === slug);
    // The books know numbers, not ballots: a lost copy of a ballot, a lost ballot that was replaced, and one whose front
    // ended before it answered count as lost.
    const repeats =
      accepts.length - new Set(accepts.map(({ voter, ballotId }) => voter + ballotId)).size;
    const mayBeLost =
      accepts.filter(each => each.lostBy !== undefined || !this.#ledger.stands(each)).length +
      repeats +
      this.#ledger.unanswered(id as PollId);
    const missing = Math.min(lost, accepted - arrived);
    if (missing > mayBeLost) {
      found.push(`${slug}: books say that ${missing} are lost, of ${mayBeLost} that may be`);
    }
    return found;
  }

  /** Nothing waits in any queue, and no ended epoch is open. */
  #queues(): string[] {
    const found: string[] = [];
    const current = new Set<string>();
    for (const { server } of this.#world.memcached) {
      for (const key of server.keys) {
        const [, queue, rest] = /^q:([^:]+):(e)$/.exec(key) ?? [];
        if (!queue || !rest) continue;
        const epoch = server.peek(key)?.toString() ?? "";
        current.add(epoch);
        const pointer = Number(server.peek(`q:${queue}:p:${epoch}`)?.toString().trim() ?? 0);
        const slot = this.#world.mysql.server.tables.rows("checkpoints").get(epoch)?.slot ?? 0;
        if (pointer !== slot)
          found.push(`${queue} ${epoch}: pointer ${pointer}, checkpoint ${slot}`);
      }
    }
    for (const row of this.#rows("checkpoints")) {
      if (row.closed_at === null && !current.has(String(row.epoch))) {
        found.push(`the ended epoch ${row.epoch} of ${row.queue} is open`);
      }
    }
    return found;
  }

  /** A transaction is about to be committed: what makes a poll final can't be taken back. */
  committing(tx: Transaction): void {
    const { history, mysql } = this.#world;
    for (const [key, row] of tx.changes.get("polls") ?? []) {
      const before = mysql.server.tables.rows("polls").get(key);
      if (!row || row.finalized_at === null || !before || before.finalized_at !== null) continue;
      history.count("state: a poll became final");
      const closesAtMs = (row.closes_at as Date | null)?.getTime() ?? Number.POSITIVE_INFINITY;
      if (mysql.server.options.nowMs() < closesAtMs)
        history.violation(`${row.slug} is final before its closing`);
      for (const each of this.#ledger.accepted) {
        if (each.slug !== row.slug || each.lostBy !== undefined || this.#ledger.isStored(each))
          continue;
        history.violation(`not in the final result: ${describe(each)}`);
      }
    }
  }
}
