/**
 * Connections that carry plain votes (`plain-vote.ts`), beside Node's HTTP server. Node spends twice as much on the head of
 * a request and its streams as everything else that a vote costs its process.
 *
 * Every connection begins here. The first request that is no plain vote takes it to Node's server, with all bytes that
 * were read, and it stays there.
 *
 * Invariant: one vote of a connection is under way at a time; what comes behind it waits.
 */
import type { Server } from "node:http";
import type { BlockList, Socket } from "node:net";
import { SECOND } from "#lib/base/clock.ts";
import { clientAddress } from "#lib/http/client-address.ts";
import { RawAnswers } from "#lib/http/raw-answer.ts";
import type { Answer } from "#lib/http/respond.ts";
import { answerVoteText } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { type PlainVote, plainVote } from "./plain-vote.ts";

export interface VoteConnectionsOptions {
  readonly front: Front;
  readonly proxies: BlockList;
  /** How long a connection may be silent before its first request. */
  readonly firstRequestMs: number;
  /** How long a connection may be idle between two requests. */
  readonly keepAliveMs: number;
}

export class VoteConnections {
  readonly options: VoteConnectionsOptions;
  readonly answers: RawAnswers;
  readonly #server: Server;
  readonly #byNode: (socket: Socket) => void;
  readonly #open = new Set<VoteConnection>();

  /** From now on, connections to `server` begin here. */
  constructor(server: Server, options: VoteConnectionsOptions) {
    this.options = options;
    this.answers = new RawAnswers(options.keepAliveMs / SECOND);
    this.#server = server;
    const [byNode] = server.listeners("connection");
    if (!byNode) throw new RangeError("the HTTP server takes no connections");
    this.#byNode = byNode as (socket: Socket) => void;
    server.off("connection", this.#byNode);
    server.on("connection", socket => this.#open.add(new VoteConnection(this, socket)));
  }

  /** The server takes no more connections: answers end theirs. */
  get closing(): boolean {
    return !this.#server.listening;
  }

  /** Closes the connections on which no vote is under way. */
  closeIdle(): void {
    for (const connection of this.#open) connection.closeIfIdle();
  }

  forget(connection: VoteConnection): void {
    this.#open.delete(connection);
  }

  /** Gives a connection to Node's server, with the bytes that were read from it. */
  handOver(connection: VoteConnection, socket: Socket, chunk: Buffer): void {
    this.forget(connection);
    socket.unshift(chunk);
    this.#byNode.call(this.#server, socket);
  }
}

class VoteConnection {
  readonly #all: VoteConnections;
  readonly #socket: Socket;
  #answering = false;
  /** The client has sent its last byte. */
  #ended = false;
  /** What came while a vote was under way. */
  #behind: Buffer | undefined;
  readonly #onData = (chunk: Buffer) => this.#read(chunk);
  readonly #onEnd = () => this.#end();
  readonly #onTimeout = () => this.closeIfIdle();
  readonly #onClose = () => this.#all.forget(this);

  constructor(all: VoteConnections, socket: Socket) {
    this.#all = all;
    this.#socket = socket;
    this.#listen("on");
    socket.setTimeout(all.options.firstRequestMs);
  }

  closeIfIdle(): void {
    if (!this.#answering) this.#socket.destroy();
  }

  #listen(how: "on" | "off"): void {
    this.#socket[how]("data", this.#onData);
    this.#socket[how]("end", this.#onEnd);
    this.#socket[how]("timeout", this.#onTimeout);
    this.#socket[how]("close", this.#onClose);
    this.#socket[how]("error", ignore);
  }

  #read(chunk: Buffer): void {
    if (this.#answering) {
      this.#behind = this.#behind ? Buffer.concat([this.#behind, chunk]) : chunk;
      this.#socket.pause();
      return;
    }
    const text = chunk.toString("latin1");
    const vote = plainVote(text);
    if (vote) void this.#answer(vote, bodyOf(chunk, text, vote.bodyAt));
    else this.#handOver(chunk);
  }

  #end(): void {
    this.#ended = true;
    if (!this.#answering) this.#socket.end();
  }

  async #answer(vote: PlainVote, body: string): Promise<void> {
    const { front } = this.#all.options;
    this.#answering = true;
    this.#noteAddress(vote);
    this.#write(await answerVoteText(front, vote, vote.slug, body));
    this.#answering = false;
    const behind = this.#behind;
    this.#behind = undefined;
    if (behind && this.#socket.writable) this.#handOver(behind);
  }

  #write(answer: Answer): void {
    const { answers, closing, options } = this.#all;
    const closes = closing || this.#ended;
    const { text, encoding } = answers.encode(answer, closes);
    if (closes) this.#socket.end(text, encoding);
    else this.#socket.write(text, encoding);
    if (this.#socket.timeout !== options.keepAliveMs) this.#socket.setTimeout(options.keepAliveMs);
  }

  /** The address does not matter to a vote, but a proxy that names none is told of. */
  #noteAddress(vote: PlainVote): void {
    const named = vote.get("x-forwarded-for");
    const forwarded = vote.get("forwarded");
    if (named === null && forwarded === null) return;
    const { front, proxies } = this.#all.options;
    const headers = {
      ...(named !== null && { "x-forwarded-for": named }),
      ...(forwarded !== null && { forwarded }),
    };
    const { fault } = clientAddress({ headers, socket: this.#socket }, proxies);
    front.clientAddresses.note(fault, this.#socket);
  }

  #handOver(chunk: Buffer): void {
    const socket = this.#socket;
    this.#listen("off");
    socket.setTimeout(0);
    this.#all.handOver(this, socket, chunk);
    socket.resume();
  }
}

/** Node closes a broken connection itself, and no client is left to answer. */
const ignore = () => {};

/** The body of a vote; nearly all are ASCII. */
function bodyOf(chunk: Buffer, text: string, bodyAt: number): string {
  const body = text.slice(bodyAt);
  return /[\x80-\xff]/.test(body) ? chunk.toString("utf8", bodyAt) : body;
}
