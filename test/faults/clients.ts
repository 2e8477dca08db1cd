/**
 * Readers under faults: a number of connections that vote, vote again, repeat themselves, send the same
 * ballot twice at once, in any lane, and leave before the answer; and that write down what they saw.
 *
 * Patient ones send the same ballot again until it is answered, as the page does; others give up, and
 * never learn what became of it.
 */
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { backoffMs } from "#lib/base/retry.ts";
import { lanes } from "#lib/model/lane.ts";
import { type Answer, Connection } from "#scripts/loadtest/connection.ts";
import { mulberry32 } from "#test/support/random.ts";
import { History, type HistoryBallot } from "./history.ts";

export interface ClientsOptions {
  /** Ports of the fronts, as they are now. */
  readonly fronts: () => readonly number[];
  readonly polls: readonly string[];
  readonly seed: number;
  readonly connections: number;
}

/** A ballot with how it is sent. */
interface Planned extends HistoryBallot {
  readonly ballotId: string;
  readonly cookie: string | undefined;
}

/** An acknowledged ballot, and the cookie that came with the answer. */
type Settled = Planned & { readonly setCookie: string };

const options = ["1", "2", "3", "4"];
const backoff = { firstMs: 30, maxMs: 500 };
/** How long a patient reader goes on after the load has stopped. */
const patienceMs = 15 * SECOND;
/** Between two ballots of one connection: the load is to be steady, not the most that is possible. */
const thinkMsMax = 20;
const impatientShare = 0.15;

export class Clients {
  readonly history = new History();
  /** When each front, by its port, acknowledged a ballot. */
  readonly acknowledged = new Map<number, number[]>();
  readonly #options: ClientsOptions;
  readonly #settled: Settled[] = [];
  #voters = 0;
  #stoppedAtMs: number | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  start(): void {
    const { connections, seed } = this.#options;
    this.#running = Promise.all(
      Array.from({ length: connections }, (_, index) => new Reader(this, seed + index).run()),
    );
  }

  /** Sends no new ballots; resolves when those under way have their answers or were abandoned. */
  async stop(): Promise<void> {
    this.#stoppedAtMs = monotonicMs();
    await this.#running;
  }

  get stopped(): boolean {
    return this.#stoppedAtMs !== undefined;
  }

  get patient(): boolean {
    return this.#stoppedAtMs === undefined || monotonicMs() - this.#stoppedAtMs < patienceMs;
  }

  get ports(): readonly number[] {
    return this.#options.fronts();
  }

  get polls(): readonly string[] {
    return this.#options.polls;
  }

  nextVoter(): number {
    this.#voters += 1;
    return this.#voters;
  }

  acknowledge(port: number): void {
    const moments = this.acknowledged.get(port) ?? [];
    this.acknowledged.set(port, moments);
    moments.push(monotonicMs());
  }

  settle(ballot: Settled): void {
    this.#settled.push(ballot);
  }

  /** An acknowledged ballot of anybody's. */
  anySettled(random: number): Settled | undefined {
    return this.#settled[Math.floor(random * this.#settled.length)];
  }
}

/** One connection's worth of readers. */
class Reader {
  readonly #clients: Clients;
  readonly #random: () => number;
  readonly #connections = new Map<number, Connection>();

  constructor(clients: Clients, seed: number) {
    this.#clients = clients;
    this.#random = mulberry32(seed);
  }

  async run(): Promise<void> {
    while (!this.#clients.stopped) {
      await this.#act(this.#random());
      await sleep(this.#random() * thinkMsMax);
    }
    for (const connection of this.#connections.values()) connection.close();
  }

  async #act(what: number): Promise<void> {
    const settled = what < 0.16 ? this.#clients.anySettled(this.#random()) : undefined;
    // Another ballot of a voter, with the cookie of the first.
    if (settled && what < 0.08) return this.#cast(this.#secondOf(settled));
    // The same once more, without the cookie: the answer that brought it may have been lost.
    if (settled) return this.#cast({ ...settled, cookie: undefined });
    const ballot = this.#first();
    if (what > 0.97) await this.#connection().sendAndLeave(this.#request(ballot, true));
    if (what > 0.94) return this.#castTwice(ballot);
    return this.#cast(ballot);
  }

  #first(): Planned {
    const ballotId = uuid(this.#random);
    return {
      poll: pick(this.#clients.polls, this.#random()),
      voter: this.#clients.nextVoter(),
      ballot: ballotId.replaceAll("-", ""),
      ballotId,
      choice: pick(options, this.#random()),
      cookie: undefined,
    };
  }

  #secondOf({ poll, voter, setCookie }: Settled): Planned {
    return { ...this.#first(), poll, voter, cookie: setCookie };
  }

  /** The same ballot on two connections at the same moment. */
  async #castTwice(ballot: Planned): Promise<void> {
    const port = pick(this.#clients.ports, this.#random());
    const other = new Connection("127.0.0.1", port);
    await Promise.all([this.#try(other, ballot), this.#cast(ballot)]);
    other.close();
  }

  /** Sends a ballot until there is an answer that says something, or the reader has had enough. */
  async #cast(ballot: Planned): Promise<void> {
    const impatient = this.#random() < impatientShare;
    for (let attempt = 0; this.#clients.patient; attempt++) {
      const answer = await this.#try(this.#connection(), ballot);
      if (answer?.status === 202 && answer.cookie) {
        this.#clients.settle({ ...ballot, setCookie: answer.cookie });
      }
      if (answer && answer.status !== 503 && answer.status !== 429) return;
      if (impatient) return;
      await sleep(backoffMs(backoff, attempt));
    }
  }

  async #try(connection: Connection, ballot: Planned): Promise<Answer | undefined> {
    const { history } = this.#clients;
    const invokedAtMs = history.invoked(seen(ballot));
    const answer = await connection.send(this.#request(ballot)).catch(() => undefined);
    history.answered(seen(ballot), invokedAtMs, answer?.status);
    if (answer?.status === 202) this.#clients.acknowledge(connection.port);
    return answer;
  }

  /** A connection to any front; one that broke opens itself again. */
  #connection(): Connection {
    const port = pick(this.#clients.ports, this.#random());
    const connection = this.#connections.get(port) ?? new Connection("127.0.0.1", port);
    this.#connections.set(port, connection);
    return connection;
  }

  /** @param abandoned - the client does not wait for this answer, so it is not in the history by itself. */
  #request(ballot: Planned, abandoned = false): string {
    if (abandoned) this.#clients.history.invoked(seen(ballot));
    const body = JSON.stringify({ choices: [ballot.choice], ballotId: ballot.ballotId });
    // As `lanes.json` has it. A ballot that is sent again may take another lane than before.
    const lane = `lane=${pick(lanes, this.#random())}`;
    const cookie = ballot.cookie ? `${ballot.cookie}; ${lane}` : lane;
    return (
      `POST /api/polls/${ballot.poll}/votes HTTP/1.1\r\nHost: localhost\r\n` +
      `Cookie: ${cookie}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
  }
}

const seen = ({ poll, voter, ballot, choice }: Planned): HistoryBallot => ({
  poll,
  voter,
  ballot,
  choice,
});

function pick<T>(from: readonly T[], random: number): T {
  const picked = from[Math.floor(random * from.length)];
  if (picked === undefined) throw new RangeError("nothing to pick from");
  return picked;
}

/** A UUID of the seed's: version and variant as they must be. */
function uuid(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}
