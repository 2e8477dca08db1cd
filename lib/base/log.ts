/**
 * Structured logs: one JSON line per event, to standard output, written by pino.
 *
 * **On failure:** a line that can't be written is dropped and counted (`output.ts`); a log neither throws nor waits.
 *
 * One event for each unit of work (a flush pass, a change of state), with its ids; a single vote is counted, not logged.
 * Lines contain no cookie, token, raw address or request body: fields with such names are removed.
 */
import { type Logger, pino } from "pino";
import { processOutput } from "./output.ts";

export type Log = Logger;

const redacted = ["cookie", "authorization", "address", "token", "password", "secret"];

/** A logger for one process. Every line contains `role`, and is also written to `copyTo`. */
export function createLog(
  role: string,
  level: string,
  copyTo?: { write(line: string): void },
): Log {
  const output = processOutput();
  const stdout = { write: (line: string) => output.writeOut(line) };
  // Each stream has a threshold of its own; the logger's decides.
  const both = copyTo && [stdout, copyTo].map(stream => ({ stream, level: "trace" as const }));
  const log = pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: { paths: redacted.flatMap(name => [name, `*.${name}`]), remove: true },
    },
    both ? pino.multistream(both) : stdout,
  );
  output.reportTo(lines => log.warn({ event: "log_lines_dropped", lines }));
  return log;
}

/** The fields of an error for a log line: message, code and causes; no stack. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const { code, kind, outcome, errno } = error as unknown as Record<string, unknown>;
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push(cause.message);
  }
  return {
    error: error.message,
    ...(code !== undefined && { code }),
    ...(kind !== undefined && { kind }),
    ...(outcome !== undefined && { outcome }),
    ...(errno !== undefined && { errno }),
    ...(causes.length > 0 && { causes }),
  };
}
