import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { operations } from "./openapi-operations.ts";
import { routes } from "./routes.ts";

const app = join(import.meta.dirname, "../../app");

/** The methods that a route's file serves itself; the others are refusals, which it takes from a list. */
function methodsIn(file: string): string[] {
  const text = readFileSync(join(app, file), "utf8");
  const exports = text.matchAll(/^export (?:const|function|async function) ([A-Z]+)\b/gm);
  return [...exports].map(([, method = ""]) => method).sort();
}

/** Every route file but those that answer whatever no other route does. */
const files = readdirSync(app, { recursive: true, encoding: "utf8" }).filter(
  file => /(?:^|\/)route\.tsx?$/.test(file) && !file.includes("[..."),
);

describe("the table of routes", () => {
  it("the table of routes has every route file, with the methods that it serves", () => {
    const onDisk = files.map(file => {
      const folder = dirname(file) === "." ? "" : dirname(file);
      const path = `/${folder.replaceAll(/\[(\w+)\]/g, "{$1}").replaceAll(/\([^)]+\)\//g, "")}`;
      return [path, methodsIn(file)] as const;
    });
    const inTable = Object.entries(routes).map(
      ([path, methods]) => [path, Object.keys(methods).sort()] as const,
    );
    assert.deepEqual(Object.fromEntries(onDisk), Object.fromEntries(inTable));
  });

  it("the table of routes names every operation of the API once", () => {
    const named = Object.values(routes).flatMap(methods =>
      Object.values(methods).flatMap(method => ("operation" in method ? [method.operation] : [])),
    );
    assert.deepEqual(named.sort(), Object.keys(operations).sort());
  });
});
