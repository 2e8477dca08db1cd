/** Requests as bytes, for those that no HTTP client would send. */
import { connect } from "node:net";

export interface RawAnswer {
  /** 0 when the connection ended, or ten seconds passed, without an answer. */
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request that is not answered until then hangs. */
const answerMsMax = 10_000;

function parse(text: string): RawAnswer {
  const answer = text.replace(/^HTTP\/1\.1 100 [\s\S]*?\r\n\r\n/, "");
  const end = answer.indexOf("\r\n\r\n");
  const [first = "", ...lines] = answer.slice(0, Math.max(0, end)).split("\r\n");
  const headers = lines.map(line => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const body = end === -1 ? "" : answer.slice(end + 4);
  return { status: Number(first.split(" ")[1] ?? 0), headers: Object.fromEntries(headers), body };
}

/** Sends `text` to a port of this machine, and resolves when the answer is over. An event stream is left after its head. */
export function rawRequest(port: number, text: string): Promise<RawAnswer> {
  return new Promise(resolve => {
    let received = "";
    const socket = connect(port, "127.0.0.1");
    const timer = setTimeout(() => socket.destroy(), answerMsMax);
    socket.on("data", bytes => {
      received += bytes.toString("latin1");
      const isBeginning = received.length < 2_000;
      if (isBeginning && /text\/event-stream[\s\S]*\r\n\r\n/.test(received)) socket.destroy();
    });
    // The server may close before it has read everything.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(parse(received));
    });
    socket.write(text, "latin1");
  });
}
