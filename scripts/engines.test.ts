/**
 * The packages of the lockfile run on the oldest Node of development and on the oldest of production. npm's own check
 * (`engine-strict`) would also refuse the project itself on a Node older than that of production.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { oldestSupported } from "#lib/base/supported-node.ts";
import { oldestNode } from "./dependencies.mjs";

interface Package {
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}

type Version = readonly [major: number, minor: number];

/** Reads the ranges that packages use for Node: `^20.19.0 || >=22.12`, `20 || >=22`, `>= 10.x`. */
function includes(range: string, [major, minor]: Version): boolean {
  return range.split("||").some(part => {
    const [, sign, from, fromMinor = "0"] =
      /^(>=|\^|) *(\d+)(?:\.(\d+|x)(?:\.\d+)?)?$/.exec(part.trim()) ?? [];
    assert.ok(from !== undefined, `a range that this test does not read: ${range}`);
    const later = sign === ">=" && major > Number(from);
    return later || (major === Number(from) && minor >= (Number(fromMinor) || 0));
  });
}

it("every package of the lockfile runs on the oldest Node of development and of production", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Readonly<Record<string, Package>>;
  };
  const oldest: Version[] = [oldestNode, [oldestSupported, 0]];
  for (const [path, { engines, optional }] of Object.entries(packages)) {
    const range = engines?.node;
    if (path === "" || optional || range === undefined) continue;
    for (const version of oldest) {
      assert.ok(includes(range, version), `${path} needs Node ${range}, not ${version.join(".")}`);
    }
  }
});

it("a range of versions includes what npm says that it includes", () => {
  assert.ok(includes("^20.19.0 || >=22.12.0", [20, 19]));
  assert.ok(includes("^20.19.0||>=22.12.0", [24, 0]));
  assert.ok(!includes("^20.20.0 || >=22.12.0", [20, 19]));
  assert.ok(!includes("20 || >=22", [21, 3]));
  assert.ok(!includes(">=24", [20, 19]));
  assert.ok(includes(">= 10.x", [20, 19]));
});
