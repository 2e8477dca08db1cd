/** Encrypted connections to MySQL, with a real server that has TLS and one that has none. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Row, Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import type { DatabaseServer } from "#scripts/services/mariadb.ts";
import { freePort } from "#scripts/services/ports.ts";
import { makeCertificates } from "#test/support/certificates.ts";
import { doctor } from "#test/support/doctor-run.ts";
import { testDatabase, testMemcached } from "#test/support/services.ts";

const directory = mkdtempSync(join(tmpdir(), "floodgate-certificates-"));
after(() => rmSync(directory, { recursive: true }));
const file = (name: string) => join(directory, name);
makeCertificates(directory, {
  server: "DNS:localhost",
  other: "DNS:other.example",
  client: "DNS:client",
});
const tls = (name: string) => [
  `--ssl-ca=${file("ca.pem")}`,
  `--ssl-cert=${file(`${name}.pem`)}`,
  `--ssl-key=${file(`${name}.key`)}`,
];
const socket = file("mysql.sock");
const encrypted = await testDatabase({ options: tls("server") });
const plain = await testDatabase({ options: ["--skip-ssl", `--socket=${socket}`] });
const { address: memcached } = await testMemcached();
const { password } = new URL(plain.url);

describe("encrypted connections to MySQL", () => {
  const at = (server: DatabaseServer, query: string, host = "127.0.0.1") =>
    `${server.url.replace("127.0.0.1", host)}${query}`;

  interface StatusRow extends Row {
    readonly Value: string;
  }

  /** The protocol of a connection, empty without TLS; or why there is none. */
  async function protocolOf(url: string): Promise<string> {
    const store = new Store({ url, connectionsMax: 1, statementMs: 10_000, connectMs: 10_000 });
    try {
      const rows = await store.rows<StatusRow>("test.tls", "SHOW STATUS LIKE 'Ssl_version'");
      return rows[0]?.Value ?? "?";
    } catch (error) {
      assert.ok(isStoreFailure(error), String(error));
      return error.message;
    } finally {
      await store.close();
    }
  }

  it("a connection is encrypted in every spelling that asks for it, and in no other", async () => {
    assert.equal(await protocolOf(at(encrypted, "")), "");
    assert.equal(await protocolOf(at(encrypted, "?ssl-mode=DISABLED")), "");
    for (const query of [
      "?ssl-mode=REQUIRED",
      "?sslmode=require",
      "?ssl=true",
      "?ssl-mode=required",
    ]) {
      assert.match(await protocolOf(at(encrypted, query)), /^TLSv1\.[23]$/, query);
    }
    const mariadb = at(encrypted, "?ssl-mode=REQUIRED").replace("mysql:", "mariadb:");
    assert.match(await protocolOf(mariadb), /^TLSv1/);
  });

  it("a certificate is checked when the address asks for it, and its host name only then", async () => {
    const ca = `ssl-ca=${file("ca.pem")}`;
    assert.match(await protocolOf(at(encrypted, `?${ca}`)), /^TLSv1/);
    assert.match(await protocolOf(at(encrypted, `?ssl-mode=VERIFY_CA&${ca}`)), /^TLSv1/);
    const identity = `?ssl-mode=VERIFY_IDENTITY&${ca}`;
    assert.match(await protocolOf(at(encrypted, identity, "localhost")), /^TLSv1/);
    const unknown = await protocolOf(at(encrypted, "?ssl-mode=VERIFY_CA"));
    assert.match(unknown, /the server's certificate is refused \(self-signed .*correct ssl-ca/);
  });

  it("a certificate for another host is refused with VERIFY_IDENTITY", async () => {
    const other = await testDatabase({ options: tls("other") });
    const query = `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${file("ca.pem")}`;
    assert.match(
      await protocolOf(at(other, query, "localhost")),
      /refused \(Hostname\/IP does not/,
    );
  });

  /** Changes an account while `work` runs. */
  async function withAccount(
    { adminUrl: url }: DatabaseServer,
    [change, back]: readonly [string, string],
    work: () => Promise<void>,
  ): Promise<void> {
    const admin = new Store({ url, connectionsMax: 1, statementMs: 10_000 });
    try {
      await admin.write("test.change_account", change);
      await work();
      await admin.write("test.change_back", back);
    } finally {
      await admin.close();
    }
  }

  it("a server that asks for our certificate gets the one of ssl-cert", async () => {
    const account = "ALTER USER 'floodgate'@'127.0.0.1' REQUIRE";
    const ours = `ssl-cert=${file("client.pem")}&ssl-key=${file("client.key")}`;
    await withAccount(encrypted, [`${account} X509`, `${account} NONE`], async () => {
      assert.match(await protocolOf(at(encrypted, "?ssl-mode=REQUIRED")), /ACCESS_DENIED/);
      assert.match(await protocolOf(at(encrypted, `?ssl-mode=REQUIRED&${ours}`)), /^TLSv1/);
    });
  });

  it("a server is reached by its unix socket", async () => {
    const [tcp, local] = ["'floodgate'@'127.0.0.1'", "'floodgate'@'localhost'"];
    const rename = (from: string, to: string) => `RENAME USER ${from} TO ${to}`;
    await withAccount(plain, [rename(tcp, local), rename(local, tcp)], async () => {
      for (const [host, name] of [
        ["", "socket"],
        ["localhost", "socketPath"],
      ]) {
        const url = `mysql://floodgate:${password}@${host}/floodgate?${name}=${socket}`;
        assert.equal(await protocolOf(url), "", url);
      }
    });
  });

  const run = (args: readonly string[], env: Record<string, string>) =>
    new Promise<{ status: number; output: string }>(resolve => {
      const options = { env: { ...process.env, ...env }, timeout: 60_000 };
      execFile(process.execPath, args, options, (error, stdout, stderr) =>
        resolve({ status: error ? Number(error.code ?? -1) : 0, output: stdout + stderr }),
      );
    });

  it("no program starts without encryption when the address asks for it", async () => {
    const env = {
      DATABASE_URL: at(plain, "?ssl-mode=REQUIRED"),
      MEMCACHED_SERVERS: memcached,
      FLOODGATE_SECRET: "a secret that is only good for tests, 32 bytes and more",
      FLOODGATE_FRONT_PROCESSES: "1",
      PORT: String(await freePort()),
      FLOODGATE_WORKER_PORT: String(await freePort()),
    };
    const programs = {
      front: ["dist/front.mjs"],
      worker: ["dist/worker.mjs"],
      migrate: ["dist/cli.mjs", "migrate"],
    };
    for (const [name, args] of Object.entries(programs)) {
      const { status, output } = await run(args, env);
      assert.match(
        output,
        /^[^\n]*the server offers no TLS, which DATABASE_URL asks for: [^\n]*\n$/,
        name,
      );
      assert.equal(status, name === "migrate" ? 1 : 78, name);
      assert.ok(!output.includes(password), name);
    }
  });

  it("the doctor says whether connections to MySQL are encrypted, and by which protocol", async () => {
    const env = {
      MEMCACHED_SERVERS: memcached,
      FLOODGATE_SECRET: "a secret that is only good for tests, 32 bytes and more",
    };
    const report = async (url: string) => (await doctor({ ...env, DATABASE_URL: url })).output;
    assert.match(
      await report(at(encrypted, "?ssl-mode=REQUIRED")),
      /^ok +MySQL connection: encrypted with TLSv1\.[23]; the certificate is not checked$/m,
    );
    const identity = `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${file("ca.pem")}`;
    assert.match(
      await report(at(encrypted, identity, "localhost")),
      /^ok +MySQL connection: encrypted with TLSv1\.[23]; the certificate and its host name are checked$/m,
    );
    assert.match(
      await report(at(plain, "")),
      /^ok +MySQL connection: not encrypted; it does not leave/m,
    );
    assert.match(await report(at(plain, "?ssl-mode=REQUIRED")), /^wrong +MySQL: .*offers no TLS/m);
  });
});
