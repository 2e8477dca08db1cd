/** What the doctor makes of what MySQL reports, without MySQL. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineOf } from "./finding.ts";
import { type DatabaseFacts, judgeMysql } from "./mysql.ts";

const now = Date.UTC(2026, 10, 20, 18, 0, 0);
const levels = (found: readonly { level: string }[]) => found.map(({ level }) => level);

describe("findings about MySQL", () => {
  const facts = (change: Partial<DatabaseFacts> = {}): DatabaseFacts => ({
    version: "8.0.36",
    readOnly: false,
    connectionsMax: 151,
    connectionsNeeded: 59,
    packetBytesMax: 64 * 1_048_576,
    flushAtCommit: 1,
    timeZone: "+00:00",
    timeMs: now,
    askedAtMs: now,
    answeredAtMs: now + 5,
    ...change,
  });

  it("the doctor prints one ok line for a server that is well", () => {
    assert.deepEqual(levels(judgeMysql(facts())), ["ok"]);
    assert.deepEqual(levels(judgeMysql(facts({ version: "10.11.6-MariaDB" }))), ["ok"]);
  });

  it("the doctor reports MySQL settings that would lose or refuse ballots", () => {
    const output = (change: Partial<DatabaseFacts>) => judgeMysql(facts(change)).map(lineOf).join();
    assert.match(output({ version: "5.7.40" }), /wrong .*is MySQL 5\.7\.40/);
    assert.match(output({ version: "10.6.12-MariaDB" }), /wrong .*is MariaDB 10\.6/);
    assert.match(output({ readOnly: true }), /wrong .*takes no writes/);
    assert.match(output({ flushAtCommit: 2 }), /wrong .*loses up to a second/);
    assert.match(output({ connectionsMax: 50 }), /wrong .*takes 50 connections/);
    assert.match(output({ packetBytesMax: 16_384 }), /warn .*no statement over 16 kB/);
    assert.match(output({ timeZone: "SYSTEM" }), /wrong .*time zone SYSTEM/);
    assert.match(output({ timeMs: now - 7_000 }), /wrong .*7 s behind/);
  });
});
