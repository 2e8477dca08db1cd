/**
 * A TCP proxy that misbehaves on request: between a client and a real server it can refuse, stall, delay, reset,
 * half-close, cut an answer after a number of bytes, or answer in the server's place.
 *
 * Used by the chaos tests. Modes apply to existing and new connections alike.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { sleep } from "#lib/base/clock.ts";

/** An answer in the place of the server's. */
export interface ForgedAnswer {
  readonly bytes: Buffer;
  /** The server executes the request all the same, and only its answer is replaced. */
  readonly executed?: boolean;
}

type Forge = (request: Buffer) => ForgedAnswer | undefined;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Answers that are held back, in their order. */
  held: Promise<void>;
  /** Nothing passes behind the answer that was cut. */
  isCut: boolean;
  /** The first part of a MySQL command whose rest has not come yet. */
  partial: Buffer | undefined;
  /** Takes the place of the server's next answer. */
  forged: Buffer | undefined;
}

/** A command of MySQL's protocol: its length in three bytes, sequence number 0, and 3 for a statement. */
function isPartialStatement(bytes: Buffer): boolean {
  if (bytes.length < 5 || bytes[3] !== 0 || bytes[4] !== 3) return false;
  return bytes.length < bytes.readUIntLE(0, 3) + 4;
}

export class FaultProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #target: { readonly host: string; readonly port: number };
  #stalled = false;
  #refusing = false;
  #delayMs = 0;
  #cutAnswerAfter: number | undefined;
  #dropAnswersMatching: ((answer: Buffer, request: Buffer) => boolean) | undefined;
  #forge: Forge | undefined;
  #onRequest: ((request: Buffer) => Promise<void> | void) | undefined;
  /** Connections that a fault has hit, so that a test can tell that its faults took effect. */
  faultsHit = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, client => this.#accept(client));
  }

  /** Starts a proxy on a free port of 127.0.0.1. */
  static async start(target: { host: string; port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.port };
  }

  /** Behave again. */
  heal(): void {
    this.#refusing = false;
    this.#delayMs = 0;
    this.#cutAnswerAfter = undefined;
    this.#dropAnswersMatching = undefined;
    this.#onRequest = undefined;
    this.#forge = undefined;
    this.stall(false);
  }

  /** Nothing passes either way, nothing is closed: what a stopped or cut-off server looks like. */
  stall(on = true): void {
    this.#stalled = on;
    for (const { client, server } of this.#pairs) {
      if (on) this.faultsHit += 1;
      for (const socket of [client, server]) on ? socket.pause() : socket.resume();
    }
  }

  /** New connections are reset at once. */
  refuse(on = true): void {
    this.#refusing = on;
  }

  /** Every answer comes this much later. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** RST on every open connection. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      this.faultsHit += 1;
      for (const socket of [client, server]) {
        // A reset of a socket that is ending never closes it, and Node waits for it at its own end.
        if (socket.writableEnded) socket.destroy();
        else socket.resetAndDestroy();
      }
    }
  }

  /** FIN towards the client on every open connection, with requests possibly in flight. */
  halfClose(): void {
    for (const { client } of this.#pairs) {
      this.faultsHit += 1;
      client.end();
    }
  }

  /** The next answer of each connection passes `bytes` bytes, then its connection is reset. */
  cutAnswer(bytes: number): void {
    this.#cutAnswerAfter = bytes;
  }

  /** Loses the answer (and resets) when the last request and this answer match. */
  loseAnswers(match: (answer: Buffer, request: Buffer) => boolean): void {
    this.#dropAnswersMatching = match;
  }

  /** Called with each request before it is passed on; may hold it back. */
  interceptRequests(hook: (request: Buffer) => Promise<void> | void): void {
    this.#onRequest = hook;
  }

  /** Answers requests in the server's place. A MySQL statement reaches `forge` whole, however long it is. */
  forgeAnswers(forge: Forge): void {
    this.#forge = forge;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      this.faultsHit += 1;
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target);
    const pair: Pair = {
      client,
      server,
      held: Promise.resolve(),
      isCut: false,
      partial: undefined,
      forged: undefined,
    };
    this.#pairs.add(pair);
    let lastRequest: Buffer = Buffer.alloc(0);
    let order: Promise<void> = Promise.resolve();
    const gone = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on("error", gone).on("close", gone);
    server.on("error", gone).on("close", gone);
    client.on("end", () => server.end());
    server.on("end", () => client.end());
    client.on("data", request => {
      lastRequest = request;
      order = order.then(async () => {
        await this.#onRequest?.(request);
        this.#send(pair, request);
      });
    });
    server.on("data", answer => this.#pass(pair, answer, lastRequest));
    if (this.#stalled) {
      client.pause();
      server.pause();
    }
  }

  /** Passes a request on, unless it is answered here. */
  #send(pair: Pair, bytes: Buffer): void {
    const request = pair.partial ? Buffer.concat([pair.partial, bytes]) : bytes;
    pair.partial = this.#forge && isPartialStatement(request) ? request : undefined;
    if (pair.partial) return;
    const forged = this.#forge?.(request);
    if (forged) this.faultsHit += 1;
    if (forged?.executed) pair.forged = forged.bytes;
    if (forged && !forged.executed) pair.client.write(forged.bytes);
    else pair.server.write(request);
  }

  #pass(pair: Pair, received: Buffer, request: Buffer): void {
    const { client, server, forged } = pair;
    const answer = forged ?? received;
    pair.forged = undefined;
    if (this.#dropAnswersMatching?.(answer, request)) {
      this.faultsHit += 1;
      client.resetAndDestroy();
      server.destroy();
      return;
    }
    if (pair.isCut) return;
    const cut = this.#cutAnswerAfter;
    if (cut !== undefined && answer.length > cut) {
      this.faultsHit += 1;
      this.#cutAnswerAfter = undefined;
      pair.isCut = true;
    }
    const { isCut } = pair;
    // One behind the other: bytes must not overtake each other when the delay changes or an answer is cut.
    const due = this.#delayMs > 0 ? sleep(this.#delayMs) : undefined;
    pair.held = pair.held.then(async () => {
      await due;
      if (!isCut) {
        client.write(answer);
        return;
      }
      client.write(answer.subarray(0, cut), () => client.resetAndDestroy());
      server.destroy();
    });
  }
}
