/**
 * Addresses of MySQL as people and providers write them: each text either works, with the effect that stands beside it,
 * or stops the start with one line that names the setting and says what to do.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, loadConfig } from "./config.ts";
import { isRemote, readDatabaseUrl } from "./database-url.ts";

const password = "hunter2x";
const at = (rest: string) => `mysql://user:${password}@${rest}`;

/** The address that a program with this setting uses. @throws ConfigError. */
const configured = (text: string): string =>
  loadConfig({
    NODE_ENV: "test",
    DATABASE_URL: text,
    MEMCACHED_SERVERS: "127.0.0.1:11211",
    FLOODGATE_SECRET: "0123456789abcdef0123456789abcdef",
  }).databaseUrl;

function problemsOf(text: string): readonly string[] {
  try {
    configured(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, `no stack trace: ${error}`);
    return error.problems;
  }
}

describe("the address of MySQL", () => {
  const works: readonly (readonly [string, readonly unknown[]])[] = [
    [at("db/polls"), ["db", 3306, "polls"]],
    [at("db/polls?"), ["db", 3306, "polls"]],
    [`MariaDB://user:${password}@db:3307/polls`, ["db", 3307, "polls"]],
    [at("[fd00::5]:3307/polls"), ["fd00::5", 3307, "polls"]],
    [at("dätabase.example/polls"), ["xn--dtabase-5wa.example", 3306, "polls"]],
    [`"${at("db/polls")}"\r\n`, ["db", 3306, "polls"]],
    [`\uFEFF '${at("db/polls")}' `, ["db", 3306, "polls"]],
    [at("db/my%20polls"), ["db", 3306, "my polls"]],
    [at("/polls?socket=/run/db.sock"), ["localhost", 3306, "polls", "/run/db.sock"]],
    [at("localhost/polls?socketPath=/run/db.sock"), ["localhost", 3306, "polls", "/run/db.sock"]],
    [at("/polls?unix_socket=/run/db.sock"), ["localhost", 3306, "polls", "/run/db.sock"]],
  ];
  const stops: readonly (readonly [string, RegExp])[] = [
    ["", /mysql:\/\/user:password@host:port\/database/],
    ["localhost", /mysql:\/\/user:password@host:port\/database/],
    [`user:${password}@tcp(db:3306)/polls`, /mysql:\/\/user:password@host/],
    [`jdbc:mysql://db/polls?user=x&password=${password}`, /mysql:\/\/user:password@host/],
    [at("db:99999/polls"), /a port from 1 to 65535/],
    [at("db:0/polls"), /a port from 1 to 65535/],
    [at("db:x/polls"), /mysql:\/\/user:password@host:port\/database/],
    [at("db"), /name a database/],
    [at("db/"), /name a database/],
    [at("db/a/b"), /one database/],
    [at("/polls"), /name a host, or a unix socket/],
    [at("a:3306,b:3306/polls"), /one host/],
    [at("a,b/polls"), /one host/],
    ["mysql://db/polls", /name a user/],
    [`mysql://user:${password}/x@db/polls`, /percent-encode/],
    [`mysql://user:1?${password}@db/polls`, /percent-encode/],
    [`mysql://user:1#${password}@db/polls`, /percent-encode/],
    [`mysql://user:a@b?${password}@db/polls`, /name a database|no parameters but/],
    [`mysql://user:${password}%zz@db/polls`, /%25/],
    [at("db/polls#x"), /a #/],
    [at("db /polls"), /spaces/],
    [at("300.1.1.1/polls"), /a host or an IP address/],
    [at("db/polls?reconnect=true"), /no parameters but ssl-mode, .*; take out reconnect$/],
    [at("db/polls?ssl-moed=REQUIRED"), /take out ssl-moed$/],
    [at("db/polls?ssl-mode=REQUIRED&ssl-mode=DISABLED"), /ssl-mode only once/],
    [at("db/polls?ssl-mode=REQUIRED&sslMode=REQUIRED"), /sslMode only once/],
    [at("db/polls?ssl-mode=REQUIRED&ssl=true"), /only one of .*ssl and ssl-mode/],
    [at("db/polls?ssl-mode="), /a value for ssl-mode/],
    [at("db/polls?ssl-mode=PREFERRED"), /REQUIRED or DISABLED/],
    [at("db/polls?sslmode=prefer"), /REQUIRED or DISABLED/],
    [at("db/polls?ssl-mode=yes"), /DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY/],
    [at("db/polls?ssl=yes"), /ssl=true or ssl=false/],
    [at("db/polls?ssl=Amazon RDS"), /spaces/],
    [at("db/polls?ssl={"), /JSON/],
    [at('db/polls?ssl={"rejectUnauthorised":false}'), /nothing but rejectUnauthorized/],
    [at('db/polls?ssl={"rejectUnauthorized":"no"}'), /nothing but rejectUnauthorized/],
    [at('db/polls?ssl={"rejectUnauthorized":true}&ssl-ca=/x'), /beside ssl=\{…\}/],
    [at("db/polls?ssl-ca=/nowhere.pem"), /ssl-ca that can be read \(ENOENT\)/],
    [at("db/polls?ssl-ca=package.json"), /certificates in PEM in ssl-ca/],
    [at("db/polls?ssl-mode=REQUIRED&ssl-ca=package.json"), /VERIFY_CA or VERIFY_IDENTITY/],
    [at("db/polls?ssl-mode=DISABLED&ssl-ca=package.json"), /while ssl-mode is DISABLED/],
    [at("db/polls?ssl-mode=REQUIRED&ssl-cert=package.json"), /both of ssl-cert and ssl-key/],
    [at("127.0.0.1/polls?ssl-mode=VERIFY_IDENTITY"), /by its name/],
    [at("db/polls?socket=/run/db.sock"), /beside a socket/],
    [at("localhost:3306/polls?socket=/run/db.sock"), /beside a socket/],
    [at("/polls?socket=db.sock"), /absolute path/],
    [at("/polls?socket=/run/db.sock&ssl-mode=REQUIRED"), /TLS on a unix socket/],
  ];

  for (const [text, effect] of works) {
    it(`DATABASE_URL=${JSON.stringify(text)} works`, () => {
      const { host, port, database, socketPath } = readDatabaseUrl(configured(text));
      assert.deepEqual([host, port, database, ...(socketPath ? [socketPath] : [])], effect);
    });
  }
  for (const [text, line] of stops) {
    it(`DATABASE_URL=${JSON.stringify(text)} stops the start with one line`, () => {
      const problems = problemsOf(text);
      assert.equal(problems.length, 1, problems.join("; ") || "it was accepted");
      const [problem = ""] = problems;
      assert.match(problem, /^DATABASE_URL must [^\n]+$/);
      assert.match(problem, line);
      assert.ok(!problem.includes(password), problem);
    });
  }

  it("DATABASE_URL has its user and its password percent-decoded", () => {
    const { user, password: read } = readDatabaseUrl("mysql://us%40er:p%40s%2Fs%25+%3F@db/polls");
    assert.deepEqual([user, read], ["us@er", "p@s/s%+?"]);
  });

  it("DATABASE_URL asks for TLS in every spelling that providers hand out", () => {
    const tlsOf = (query: string) => {
      const { tls } = readDatabaseUrl(at(`db/polls?${query}`));
      return tls && [tls.rejectUnauthorized, tls.verifyIdentity];
    };
    const none = ["", "ssl-mode=DISABLED", "sslmode=disable", "ssl=false", "SSL=0"];
    const encrypted = [
      "ssl-mode=REQUIRED",
      "SSL_MODE=required",
      "sslmode=require",
      "ssl=true",
      "ssl=1",
      'ssl={"rejectUnauthorized":false}',
    ];
    const authority = ["sslMode=VERIFY_CA", "sslmode=verify-ca", "ssl={}"];
    const identity = [
      "ssl-mode=VERIFY_IDENTITY",
      "sslmode=verify-full",
      'ssl={"verifyIdentity":true}',
    ];
    for (const query of none) assert.equal(tlsOf(query), undefined, query);
    for (const query of encrypted) assert.deepEqual(tlsOf(query), [false, false], query);
    for (const query of authority) assert.deepEqual(tlsOf(query), [true, false], query);
    for (const query of identity) assert.deepEqual(tlsOf(query), [true, true], query);
  });

  it("DATABASE_URL leads to another machine unless its host is loopback or a socket", () => {
    const remote = (rest: string) => isRemote(readDatabaseUrl(at(rest)));
    assert.ok(remote("db/polls") && remote("10.0.0.5/polls"));
    assert.ok(!remote("localhost/polls") && !remote("127.0.0.1/polls") && !remote("[::1]/polls"));
    assert.ok(!remote("/polls?socket=/run/db.sock"));
  });
});
