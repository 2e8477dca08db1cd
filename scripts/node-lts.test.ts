/** Which Node `npm run up` runs a site on. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { nodeForSite } from "./node-lts.mjs";

const lts = { program: "/lts/node", version: "24.21.0" };
const machines = (version: string) => ({ program: "/usr/bin/node", version });

it("a site runs on the LTS where the machine's Node is older than Floodgate supports", () => {
  const said: string[] = [];
  const say = (sentence: string) => said.push(sentence);
  assert.equal(
    nodeForSite(say, machines("20.20.2"), () => lts),
    lts.program,
  );
  assert.deepEqual(said, ["this machine has Node 20.20.2; the site runs on Node 24.21.0"]);
});

it("a site runs on the machine's Node where that is supported, and nothing is installed or said", () => {
  for (const version of ["24.0.0", "26.10.0"]) {
    const own = machines(version);
    assert.equal(nodeForSite(assert.fail, own, assert.fail), own.program);
  }
});

it("a site runs on the machine's older Node, and says so, where no LTS can be installed", () => {
  const said: string[] = [];
  const own = machines("20.20.2");
  const program = nodeForSite(
    sentence => said.push(sentence),
    own,
    () => undefined,
  );
  assert.equal(program, own.program);
  assert.match(
    said.join(),
    /^Node 24 could not be installed; the site runs on this machine's Node 20\.20\.2, which /,
  );
});
