/**
 * Viewers of live results, and a trickle of votes, in one process, so that one clock says when a vote was
 * sent and when it was on each screen. Prints its report (JSON) as the last line.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ViewersJob {
  readonly port: number;
  readonly slug: string;
  readonly viewers: number;
  readonly votesPerSecond: number;
  readonly ms: number;
}

export interface ViewersReport {
  readonly connected: number;
  readonly frames: number;
  readonly dropped: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const job = JSON.parse(process.argv[2] ?? "{}") as ViewersJob;
/** For each number of ballots, when the vote that reached it was sent. */
const sentAtMs: number[] = [];
const delays: number[] = [];
let frames = 0;
let dropped = 0;
let measuring = false;

/** Records the delay of each vote that this frame shows first. */
function see(text: string, seenBefore: number): number {
  const ballots = Number(/"ballots":(\d+)/.exec(text)?.[1] ?? -1);
  if (ballots <= seenBefore) return seenBefore;
  frames += 1;
  if (measuring) {
    for (let vote = seenBefore + 1; vote <= ballots; vote++) {
      const sent = sentAtMs[vote];
      if (sent !== undefined) delays.push(performance.now() - sent);
    }
  }
  return ballots;
}

async function watch(): Promise<Socket> {
  const socket = connect({ port: job.port, host: "127.0.0.1" });
  await once(socket, "connect");
  let seen = 0;
  let rest = "";
  socket.on("data", bytes => {
    rest += bytes.toString("latin1");
    const end = rest.lastIndexOf("\n\n");
    if (end === -1) return;
    seen = see(rest.slice(rest.lastIndexOf("event: results", end)), seen);
    rest = rest.slice(end + 2);
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (measuring) dropped += 1;
  });
  socket.write(`GET /api/polls/${job.slug}/results/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return socket;
}

const sockets: Socket[] = [];
const atOnce = 100;
while (sockets.length < job.viewers) {
  const portion = Math.min(atOnce, job.viewers - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: portion }, watch))));
}
process.stdout.write("CONNECTED\n");
await sleep(2_000);
measuring = true;
const until = performance.now() + job.ms;
for (let vote = 1; performance.now() < until; vote++) {
  sentAtMs[vote] = performance.now();
  const answer = await fetch(`http://127.0.0.1:${job.port}/api/polls/${job.slug}/votes`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ choices: ["1"], ballotId: randomUUID() }),
  });
  await answer.arrayBuffer();
  await sleep(1000 / job.votesPerSecond);
}
await sleep(3_000);
measuring = false;
const connected = sockets.filter(socket => !socket.destroyed).length;
const sorted = Float64Array.from(delays).sort();
const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
const report: ViewersReport = {
  connected,
  frames,
  dropped,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  maxMs: at(1),
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
