/** `floodgate editor` and `floodgate token`: a production install gets its editors and API tokens by them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Row, Store } from "#lib/store/database.ts";
import { removeEditor } from "#lib/store/editors.ts";
import { commandsOf } from "#test/support/floodgate-command.ts";
import { testDatabase } from "#test/support/services.ts";
import { Site } from "#test/support/site.ts";

const password = "four words and more";

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("floodgate editor on an empty database", () => {
  it("the first editor is an admin, and stays while there is no other", async () => {
    const database = await testDatabase();
    const run = commandsOf({ database, client: { name: "127.0.0.1:1" } });
    const said = async (...args: string[]) => {
      const { status, stdout, stderr } = await run(["editor", ...args]).ended;
      return `${status} ${stdout}${stderr}`;
    };
    assert.match(await said("list"), /^0 no editors; for the first one: floodgate editor add/);
    assert.match(
      await said("add", "First@Newsroom.example"),
      /^0 http:\/\/localhost:3000\/studio\/set-password\?token=[\w-]{43}\nfirst@newsroom.example sets a password .* UTC:\n$/,
    );
    assert.match(
      await said("list"),
      /^0 first@newsroom.example · first · admin · no password yet\n$/,
    );
    assert.match(
      await said("remove", "first@newsroom.example"),
      /^1 .*is the last admin and was not/,
    );
    assert.match(await said("add", "second@newsroom.example", "--name", "Jane"), /^0 /);
    assert.match(await said("list"), /second@newsroom.example · Jane · editor · no password yet/);
    assert.match(await said("remove", "first@newsroom.example"), /^1 .*floodgate editor add/);
    assert.match(await said("add", "third@newsroom.example", "--admin"), /^0 /);
    assert.match(await said("remove", "first@newsroom.example"), /^0 removed first@/);
  });
});

describe("floodgate editor on a running site", () => {
  let site: Site;
  let store: Store;
  let run: (...args: string[]) => Promise<Answer>;
  let origin: string;
  before(async () => {
    site = await Site.start({ workers: 0 });
    origin = `http://localhost:${site.fronts[0]?.port}`;
    store = new Store({ url: site.database.url, connectionsMax: 4, statementMs: 10_000 });
    const [memcached] = site.memcached;
    const command = commandsOf({
      database: site.database,
      client: { name: memcached?.address ?? "" },
    });
    run = async (...args) => {
      const { status, stdout, stderr } = await command(args).ended;
      return { status: Number(status), stdout: stdout.toString(), stderr };
    };
  });
  after(async () => {
    await store.close();
    await site.stop();
  });

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${origin}/api/auth/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: origin, ...headers },
      body: JSON.stringify(body),
    });
  const linkOf = async (...args: string[]) => {
    const { status, stdout, stderr } = await run("editor", ...args);
    assert.equal(status, 0, stderr);
    return new URL(stdout.trim()).searchParams.get("token") ?? "";
  };
  const setPassword = async (token: string, newPassword = password) =>
    (await post("reset-password", { token, newPassword })).status;
  const signIn = (email: string, typed = password) =>
    post("sign-in/email", { email, password: typed });
  const pageOf = async (token: string) =>
    (await fetch(`${origin}/studio/set-password?token=${token}`)).text();

  it("a link sets a password once, and looking at its page does not use it", async () => {
    const token = await linkOf("add", "once@newsroom.example");
    for (let looks = 0; looks < 2; looks++)
      assert.match(await pageOf(token), /once@newsroom\.example/);
    assert.equal((await signIn("once@newsroom.example")).status, 401);
    const both = await Promise.all([setPassword(token), setPassword(token, `${password}!`)]);
    assert.deepEqual(both.sort(), [200, 400]);
    assert.equal(await setPassword(token), 400);
    assert.match(await pageOf(token), /This link no longer works/);
    const [one, other] = [password, `${password}!`].map(each =>
      signIn("once@newsroom.example", each),
    );
    assert.deepEqual([(await one)?.status, (await other)?.status].sort(), [200, 401]);
  });

  it("a short password is refused and the link goes on working", async () => {
    const token = await linkOf("add", "short@newsroom.example");
    assert.equal(await setPassword(token, "short"), 400);
    assert.equal(await setPassword(token), 200);
  });

  it("a link ends after 24 hours, and when a newer one is made", async () => {
    const token = await linkOf("add", "late@newsroom.example");
    interface LinkRow extends Row {
      readonly hours: number;
    }
    const [row] = await store.rows<LinkRow>(
      "test.expiry",
      `SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), expires_at) / 60 AS hours FROM editor_verifications
       WHERE value = (SELECT id FROM editors WHERE email = 'late@newsroom.example')`,
    );
    assert.ok(Math.abs(Number(row?.hours) - 24) < 0.5, String(row?.hours));
    await store.write("test.expire", "UPDATE editor_verifications SET expires_at = '2026-01-01'");
    assert.match(await pageOf(token), /This link no longer works/);
    assert.equal(await setPassword(token), 400);
    const [first, second] = [
      await linkOf("reset", "late@newsroom.example"),
      await linkOf("reset", "late@newsroom.example"),
    ];
    assert.equal(await setPassword(first), 400);
    assert.equal(await setPassword(second), 200);
  });

  it("the database holds no link that works", async () => {
    const token = await linkOf("add", "digest@newsroom.example");
    const rows = await store.rows("test.links", "SELECT * FROM editor_verifications");
    assert.ok(rows.length > 0);
    const text = JSON.stringify(rows);
    assert.ok(!text.includes(token));
    for (const { identifier } of rows) assert.equal(await setPassword(String(identifier)), 400);
  });

  it("a new password ends the sessions that were there", async () => {
    await setPassword(await linkOf("add", "sessions@newsroom.example"));
    const cookie = (await signIn("sessions@newsroom.example")).headers.getSetCookie()[0] ?? "";
    const session = async () =>
      (await fetch(`${origin}/api/auth/get-session`, { headers: { Cookie: cookie } })).text();
    assert.match(await session(), /sessions@newsroom/);
    const token = await linkOf("reset", "sessions@newsroom.example");
    assert.match(await session(), /sessions@newsroom/);
    await setPassword(token, `${password} anew`);
    assert.equal(await session(), "null");
  });

  it("a removed editor is signed out, and link and API token end", async () => {
    const email = "removed@newsroom.example";
    await setPassword(await linkOf("add", email));
    const cookie = (await signIn(email)).headers.getSetCookie()[0] ?? "";
    const made = await run("token", "add", email, "--name", "import");
    assert.match(made.stdout, /^fg_\S+\n$/);
    const create = async () => {
      const headers = {
        "Content-Type": "application/json",
        Authorization: `Bearer ${made.stdout.trim()}`,
      };
      const body = JSON.stringify({
        question: "Yes?",
        options: [{ label: "Yes" }, { label: "No" }],
      });
      return (await fetch(`${site.url}/api/polls`, { method: "POST", headers, body })).status;
    };
    assert.equal(await create(), 201);
    const token = await linkOf("reset", email);
    assert.equal((await run("editor", "remove", email)).status, 0);
    assert.equal(await create(), 401);
    assert.equal(await setPassword(token), 400);
    const session = await fetch(`${origin}/api/auth/get-session`, { headers: { Cookie: cookie } });
    assert.equal(await session.text(), "null");
    assert.equal((await signIn(email)).status, 401);
  });

  it("an API token ends when it is removed", async () => {
    const { stdout } = await run("token", "add", "once@newsroom.example", "--name", "for a test");
    const list = async () => (await run("token", "list")).stdout;
    const [, id = ""] = /^(\d+) · once@newsroom.example · for a test · /m.exec(await list()) ?? [];
    assert.ok(!(await list()).includes(stdout.trim()));
    assert.equal((await run("token", "remove", id)).status, 0);
    assert.doesNotMatch(await list(), /for a test/);
    assert.equal((await run("token", "remove", id)).status, 64);
  });

  it("one of two admins stays when both are removed at once", async () => {
    await store.write("test.no_admins", "UPDATE editors SET role = 'editor'");
    for (let round = 0; round < 10; round++) {
      const emails = [1, 2].map(number => `admin-${round}-${number}@newsroom.example`);
      for (const email of emails) {
        await store.write(
          "test.admin",
          `INSERT INTO editors (id, name, email, role, created_at, updated_at)
           VALUES (UUID(), 'x', ?, 'admin', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
          [email],
        );
      }
      const outcomes = await Promise.all(emails.map(email => removeEditor(store, email)));
      assert.deepEqual(outcomes.sort(), ["last_admin", "removed"]);
      await store.write("test.no_admins", "UPDATE editors SET role = 'editor'");
    }
  });

  it("an editor can't delete an account or change a role by the sign-in library's routes", async () => {
    const email = "roles@newsroom.example";
    await setPassword(await linkOf("add", email, "--admin"));
    const Cookie = (await signIn(email)).headers.getSetCookie()[0] ?? "";
    await post("update-user", { role: "editor", name: "Other" }, { Cookie });
    await post("delete-user", { password }, { Cookie });
    await post("request-password-reset", { email }, { Cookie });
    assert.match((await run("editor", "list")).stdout, /roles@newsroom\.example · \w+ · admin$/m);
  });

  it("an editor's name is text that can be read, however it is set, and has one form", async () => {
    const email = "names@newsroom.example";
    await setPassword(await linkOf("add", email, "--name", " Zoe\u0301\t Okafor "));
    const nameOf = async () => {
      const [row] = await store.rows("test.name", "SELECT name FROM editors WHERE email = ?", [
        email,
      ]);
      return row?.name;
    };
    assert.equal(await nameOf(), "Zo\u00e9  Okafor");
    const Cookie = (await signIn(email)).headers.getSetCookie()[0] ?? "";
    for (const name of ["", "\u200b", "a\u0000b", "\u202eevil", "x".repeat(256), 7, {}, null]) {
      const { status } = await post("update-user", { name }, { Cookie });
      assert.equal(status, 400, JSON.stringify(name));
    }
    assert.equal(await nameOf(), "Zo\u00e9  Okafor");
    assert.equal((await post("update-user", { name: "Zoe\u0301" }, { Cookie })).status, 200);
    assert.equal(await nameOf(), "Zo\u00e9");
  });

  it("wrong use of the commands is one line with status 64", async () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [["editor"], /^floodgate editor: no command given/],
      [["token"], /^floodgate token: no command given/],
      [["editor", "ad"], /^floodgate editor: unknown command 'ad' \(Did you mean add\?\)/],
      [["editor", "add"], /missing required argument 'email'/],
      [["editor", "add", "jane"], /"jane" is not an email address/],
      [["editor", "add", "a@b.example", "c@d.example"], /too many arguments/],
      [["editor", "add", "once@newsroom.example"], /is an editor already; .*editor reset/],
      [["editor", "add", "ONCE@newsroom.example"], /is an editor already/],
      [["editor", "add", "new@newsroom.example", "--name", " "], /the name must not be empty/],
      [["editor", "add", "new@newsroom.example", "--name", "\u200b"], /one visible character/],
      [["editor", "add", "new@newsroom.example", "--name", "a\nb"], /must be on one line/],
      [["editor", "add", "new@newsroom.example", "--name", "x".repeat(256)], /at most 255/],
      [["token", "add", "once@newsroom.example", "--name", "\u2060"], /one visible character/],
      [["token", "add", "once@newsroom.example", "--name", "\u202ea"], /text direction/],
      [["editor", "reset", "nobody@newsroom.example"], /no editor has the address/],
      [["editor", "remove", "nobody@newsroom.example"], /no editor has the address/],
      [["token", "add", "once@newsroom.example"], /--name/],
      [["token", "add", "nobody@newsroom.example", "--name", "x"], /no editor has the address/],
      [["token", "remove", "x"], /"x" is not the number of a token/],
      [["token", "remove", "999999"], /there is no token 999999/],
    ];
    for (const [args, line] of wrong) {
      const { status, stdout, stderr } = await run(...args);
      assert.equal(stdout, "", args.join(" "));
      assert.match(stderr, /^[^\n]+\n$/, args.join(" "));
      assert.match(stderr, line);
      assert.equal(status, 64, stderr);
    }
  });
});
