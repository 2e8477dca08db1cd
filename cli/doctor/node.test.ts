import assert from "node:assert/strict";
import { it } from "node:test";
import { checkNode } from "./node.ts";

it("the doctor notes a Node that is older than Floodgate supports, and refuses none", () => {
  const [old] = checkNode("20.20.2");
  assert.equal(old?.level, "warn");
  assert.match(old?.says ?? "", /^this is Node 20\.20\.2: Floodgate supports Node 24 and later/);
  assert.match(old?.todo ?? "", /^Install Node 24 or later/);
  assert.deepEqual(checkNode("24.21.0"), [{ level: "ok", about: "Node", says: "24.21.0" }]);
});
