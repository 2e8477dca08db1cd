/** Actions of editors, operators and readers at the wrong moment, and unreadable slots. */
import { randomBytes, randomUUID } from "node:crypto";
import type { RowDataPacket } from "mysql2/promise";
import { sleep } from "#lib/base/clock.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { queueName } from "#lib/queue/queue-names.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { api, createPoll, vote } from "#test/support/ledger.ts";
import { testClient } from "#test/support/services.ts";
import type { Fault, Incident } from "../incident.ts";

interface CountRow extends RowDataPacket {
  readonly n: number;
}

/** InnoDB shows its transactions as they were up to so long ago. */
const shownForMs = 120;

/** Stops the worker where it holds no lock in MySQL: an editor's change would wait for it to go on. */
async function stopWorker({ site }: Incident): Promise<void> {
  await waitUntil("the worker between two transactions", async () => {
    await site.workers[0]?.child.pause();
    await sleep(shownForMs);
    const open = "SELECT COUNT(*) AS n FROM information_schema.innodb_trx";
    const [row] = await site.query<CountRow>(open);
    if (Number(row?.n) === 0) return true;
    site.workers[0]?.child.signal("SIGCONT");
    await sleep(shownForMs);
    return false;
  });
}

/** Lets ballots pile up in the queue while `work` is done. */
async function withBallotsWaiting(incident: Incident, work: () => Promise<void>): Promise<void> {
  await stopWorker(incident);
  await incident.pause(300, 600);
  incident.noteEvidence("slots waiting", await incident.inspector.slotsLeft());
  await work();
  incident.site.workers[0]?.child.signal("SIGCONT");
}

const aPoll = (incident: Incident) => incident.pick(incident.polls);

/** Bytes that no front of ours would write, and some that an odd one might. */
function poison(): Buffer[] {
  const good = encodeBatch({
    id: randomBytes(12) as never,
    ballots: [],
    talliesDoubtful: false,
  });
  const later = Buffer.from(good);
  later[1] = 99;
  const torn = good.subarray(0, good.length - 3);
  return [randomBytes(200), later, torn, Buffer.from("gzip? no"), randomBytes(60_000)];
}

export const editorFaults: readonly Fault[] = [
  {
    name: "poll closed with ballots in the queue",
    inject: incident =>
      withBallotsWaiting(incident, async () => {
        const slug = aPoll(incident);
        const answer = await api(incident.site, "POST", `/api/polls/${slug}/close`);
        incident.noteEvidence("closed", answer.ok ? 1 : 0);
        await waitUntil("a refusal", () => incident.history.events.some(e => e.status === 403));
        incident.noteEvidence("refused", 1);
      }),
  },
  {
    name: "poll to be deleted with ballots in the queue",
    inject: incident =>
      withBallotsWaiting(incident, async () => {
        const slug = aPoll(incident);
        for (const step of ["", "/close", ""]) {
          const method = step === "" ? "DELETE" : "POST";
          const { status } = await api(incident.site, method, `/api/polls/${slug}${step}`);
          incident.noteEvidence("deletions refused", method === "DELETE" && status === 409 ? 1 : 0);
        }
      }),
  },
  {
    name: "slots that can't be read",
    inject: async incident => {
      const { site, inspector } = incident;
      const before = await inspector.deadLetters();
      const client = testClient(site.memcached[0]?.port ?? 0);
      const bytes = poison();
      for (const [index, slot] of bytes.entries()) {
        const producer = new QueueProducer(queueName("normal", index % 3), client);
        const ticket = await producer.waitForLock(await producer.takeTicket());
        const { outcome } = await producer.write(ticket, slot);
        if (outcome !== "written") throw new Error(`poison not written: ${outcome}`);
        await incident.pause(20, 200);
      }
      client.close();
      let letters = 0;
      const countLetters = async () => {
        letters = (await inspector.deadLetters()) - before;
        return letters >= bytes.length;
      };
      const wanted = `${bytes.length} dead letters`;
      await waitUntil(wanted, countLetters).catch(async error => {
        const slots = await inspector.slotsLeft();
        throw new Error(`${error.message}: there are ${letters}, and ${slots} slots wait`);
      });
      if (letters > bytes.length) throw new Error(`${letters} instead of ${wanted}`);
      incident.noteEvidence("dead letters", bytes.length);
    },
  },
  {
    // Twice at once, and the table that every ballot goes into is altered as a migration would.
    name: "migration while running",
    inject: async incident => {
      const { site } = incident;
      const printed = await Promise.all([site.run("migrate"), site.run("migrate")]);
      incident.noteEvidence("migrations", printed.length);
      await site.query("ALTER TABLE floodgate.ballots ADD COLUMN later TINYINT NULL");
      await incident.pause(200, 500);
      await site.query("ALTER TABLE floodgate.ballots DROP COLUMN later");
    },
  },
  {
    name: "one voter, many parallel ballots on two fronts",
    inject: async incident => {
      const elsewhere = await createPoll(incident.site);
      const body = { choices: ["1"], ballotId: randomUUID() };
      const first = await vote(incident.site.url, elsewhere, body);
      const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
      const poll = aPoll(incident);
      const voter = incident.clients.nextVoter();
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const ballotId = randomUUID();
          const choice = String((index % 4) + 1);
          const ballot = { poll, voter, ballot: ballotId.replaceAll("-", ""), choice };
          const at = incident.history.invoked(ballot);
          const url = incident.site.fronts[index % 2]?.url ?? "";
          const answer = await vote(url, poll, { choices: [choice], ballotId }, { Cookie: cookie });
          incident.history.answered(ballot, at, answer.status);
          return answer.status;
        }),
      );
      incident.noteEvidence("refused", answers.filter(status => status === 409).length);
    },
  },
];
