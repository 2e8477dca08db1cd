import assert from "node:assert/strict";
import { it } from "node:test";
import { oldestSupported, unsupportedNode } from "./supported-node.ts";

it("Node 24 and later are supported", () => {
  assert.equal(oldestSupported, 24);
  for (const version of ["24.0.0", "24.21.0", "26.10.0", "100.0.0"]) {
    assert.equal(unsupportedNode(version), undefined, version);
  }
});

it("a program on an older Node names its version, the supported ones and the end of security fixes", () => {
  assert.equal(
    unsupportedNode("20.20.2"),
    "this is Node 20.20.2: Floodgate supports Node 24 and later, and Node 20 gets security fixes until 2026-04-30",
  );
  assert.match(unsupportedNode("22.12.0") ?? "", /until 2027-04-30$/);
  assert.match(unsupportedNode("23.4.0") ?? "", /supports Node 24 and later$/);
});
