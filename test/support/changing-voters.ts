/**
 * Voters who change and withdraw their ballots, some of them in two windows at once, and send each change until
 * it has an answer. Their answers are the history. The ballots that must stand follow from the history alone, and
 * from nothing that the product reports about itself.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { RowDataPacket } from "mysql2/promise";
import { sleep } from "#lib/base/clock.ts";
import { vote } from "./ledger.ts";
import type { Site } from "./site.ts";

/** An acknowledged ballot. */
interface Acknowledged {
  readonly ballotId: string;
  readonly choices: readonly string[];
}

interface Answer {
  readonly code?: string;
  readonly revision?: number;
}

interface Sent {
  readonly ballotId: string;
  readonly choices: readonly string[];
  readonly replaces?: number;
}

interface StandingRow extends RowDataPacket {
  readonly ballot_id: Buffer;
  readonly revision: number;
  readonly choices: Buffer;
}

export interface Standing {
  readonly ballotId: string;
  readonly revision: number;
  readonly choices: readonly string[];
}

export class ChangingVoter {
  readonly #site: Site;
  readonly #slug: string;
  readonly #headers: Record<string, string> = {};
  #known = 0;
  /** What was acknowledged, by revision. */
  readonly acknowledged = new Map<number, Acknowledged>();
  /** Changes that came too late: another window's was there. */
  conflicts = 0;

  constructor(site: Site, slug: string) {
    this.#site = site;
    this.#slug = slug;
  }

  /** The last acknowledged ballot of this voter. */
  get last(): Standing {
    const revision = Math.max(...this.acknowledged.keys());
    return { revision, ...(this.acknowledged.get(revision) as Acknowledged) };
  }

  /** The first ballot. */
  async begin(choice: string): Promise<void> {
    await this.#send({ ballotId: randomUUID(), choices: [choice] });
  }

  /** Changes the ballot, again and again, as one window does; every so often it is withdrawn. */
  async change(times: number, random: () => number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const option = Math.floor(random() * 5);
      const choices = option === 0 ? [] : [String(option)];
      await this.#send({ ballotId: randomUUID(), choices, replaces: this.#known });
      await sleep(random() * 20);
    }
  }

  /** Sends a ballot, to one front after the other, until it has an answer. */
  async #send(ballot: Sent): Promise<void> {
    for (let attempt = 0; attempt < 600; attempt++) {
      const { fronts } = this.#site;
      const front = fronts[Math.floor(Math.random() * fronts.length)];
      const response = await vote(front?.url ?? "", this.#slug, ballot, this.#headers).catch(
        () => undefined,
      );
      if (response && response.status !== 503) {
        this.#headers.Cookie ??= response.headers.get("set-cookie")?.split(";")[0] ?? "";
        await this.#conclude(ballot, response);
        return;
      }
      await sleep(20 + Math.random() * 30);
    }
    assert.fail("a ballot never had an answer");
  }

  async #conclude({ ballotId, choices }: Sent, response: Response): Promise<void> {
    const { code, revision } = (await response.json()) as Answer;
    assert.ok(revision !== undefined, `${response.status} ${code}`);
    if (response.status === 202) {
      const other = this.acknowledged.get(revision);
      assert.ok(!other || other.ballotId === ballotId, `two ballots of revision ${revision}`);
      this.acknowledged.set(revision, { ballotId, choices });
    } else {
      assert.equal(code, "ballot_changed");
      this.conflicts += 1;
    }
    this.#known = Math.max(this.#known, revision);
  }
}

/** The rows of a poll. */
export async function standingBallots(site: Site, slug: string): Promise<Standing[]> {
  const rows = await site.query<StandingRow>(
    `SELECT ballot_id, revision, choices FROM floodgate.ballots
     JOIN floodgate.polls ON polls.id = poll_id WHERE slug = ?`,
    [slug],
  );
  return rows.map(({ ballot_id, revision, choices }) => ({
    ballotId: ballot_id.toString("hex"),
    revision,
    choices: [...choices].map(String),
  }));
}
