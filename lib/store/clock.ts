/** MySQL's clock, by which polls become final. */
import { monotonicMs } from "../base/clock.ts";
import type { ClockReading } from "../base/clock-reading.ts";
import type { Database, Row } from "./database.ts";

/** Reads the clock. One query. @throws StoreFailure. */
export async function readDatabaseClock(db: Database): Promise<ClockReading> {
  const askedMs = monotonicMs();
  const [row] = await db.rows<Row & { readonly now: Date }>("clock.read", "SELECT NOW(3) AS now");
  const theirMs = row?.now.getTime() ?? Number.NaN;
  return { theirMs, resolutionMs: 1, askedMs, answeredMs: monotonicMs() };
}
