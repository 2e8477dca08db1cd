/**
 * What a newsroom would build in an afternoon, as a process: `node:http` in front of Redis. A vote is deduplicated (SADD),
 * queued (RPUSH) and counted (HINCRBY), then answered 202. There is no worker, no result and no disk.
 *
 * It does as much as it can: all commands of one turn of the event loop leave in one write, answers are callbacks in a
 * queue, and nothing but numbers is parsed.
 */
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";

const [port = "0", redisPort = "0"] = process.argv.slice(2);

/** Commands that are answered by a number. */
class Redis {
  readonly #socket: Socket;
  readonly #waiting: ((number: number) => void)[] = [];
  #waitingAt = 0;
  #out = "";
  #rest = "";

  constructor(redis: number) {
    this.#socket = connect({ port: redis, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", text => this.#receive(String(text)));
  }

  send(words: readonly string[], then: (number: number) => void): void {
    if (this.#out === "") setImmediate(() => this.#flush());
    this.#out += `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join("")}`;
    this.#waiting.push(then);
  }

  #flush(): void {
    this.#socket.write(this.#out, "latin1");
    this.#out = "";
  }

  /** @throws Error for anything but a number: then its figures are worth nothing. */
  #receive(text: string): void {
    const lines = (this.#rest + text).split("\r\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith(":")) throw new Error(`Redis answered ${line}`);
      this.#waiting[this.#waitingAt++]?.(Number(line.slice(1)));
    }
    if (this.#waitingAt < this.#waiting.length) return;
    this.#waiting.length = 0;
    this.#waitingAt = 0;
  }
}

const redis = new Redis(Number(redisPort));
const answer = JSON.stringify({ ok: true });

createServer((request, response) => {
  let body = "";
  const respond = (status: number) => {
    const length = answer.length;
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": length });
    response.end(answer);
  };
  request.setEncoding("latin1");
  request.on("data", piece => {
    body += piece;
  });
  request.on("end", () => {
    const { choices, ballotId } = JSON.parse(body) as { choices: string[]; ballotId: string };
    redis.send(["SADD", "voters", ballotId], added => {
      if (added === 0) {
        respond(409);
        return;
      }
      redis.send(["RPUSH", "ballots", body], () => {});
      redis.send(["HINCRBY", "tally", choices[0] ?? "", "1"], () => respond(202));
    });
  });
}).listen(Number(port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
