/** What the doctor makes of what MySQL reports, without MySQL. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readDatabaseUrl } from "#lib/config/database-url.ts";
import { lineOf } from "./finding.ts";
import { type DatabaseFacts, judgeMysql } from "./mysql.ts";
import { judgeConnection } from "./mysql-connection.ts";

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
    loadObstacle: undefined,
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
    assert.match(
      output({ loadObstacle: "local_infile is off" }),
      /^warn .*INSERT only \(local_infile is off\)/,
    );
    assert.match(output({ timeZone: "SYSTEM" }), /wrong .*time zone SYSTEM/);
    assert.match(output({ timeMs: now - 7_000 }), /wrong .*7 s behind/);
  });
});

describe("the finding about the connection to MySQL", () => {
  const line = (url: string, protocol: string) =>
    lineOf(judgeConnection(readDatabaseUrl(url), protocol));

  it("the doctor warns when the server is on another machine and the connection is not encrypted", () => {
    assert.match(
      line("mysql://u:p@db.example/polls", ""),
      /^warn .*not encrypted, and .*ssl-mode/s,
    );
    assert.match(line("mysql://u:p@10.0.0.5/polls", ""), /^warn /);
    assert.match(line("mysql://u:p@localhost/polls", ""), /^ok .*not encrypted; it does not leave/);
    assert.match(line("mysql://u:p@/polls?socket=/run/db.sock", ""), /^ok .*does not leave/);
  });

  it("the doctor says which protocol encrypts the connection and what is checked", () => {
    const url = "mysql://u:p@db.example/polls?ssl-mode=";
    assert.match(
      line(`${url}REQUIRED`, "TLSv1.3"),
      /^ok .*TLSv1\.3; the certificate is not checked/,
    );
    assert.match(line(`${url}VERIFY_CA`, "TLSv1.2"), /^ok .*TLSv1\.2; .*its host name is not$/);
    assert.match(line(`${url}VERIFY_IDENTITY`, "TLSv1.3"), /^ok .*host name are checked$/);
  });
});
