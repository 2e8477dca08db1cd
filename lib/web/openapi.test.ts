import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorCodes } from "../base/errors.ts";
import { openApiDocument } from "./openapi.ts";

const document = JSON.parse(JSON.stringify(openApiDocument("https://polls.example")));

/** Every value of a member of this name, at any depth. */
function valuesOf(name: string, node: unknown): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => [
    ...(key === name ? [value] : []),
    ...valuesOf(name, value),
  ]);
}

describe("the OpenAPI document", () => {
  it("the OpenAPI document refers only to schemas that it defines", () => {
    const names = Object.keys(document.components.schemas);
    const refs = valuesOf("$ref", document).map(ref =>
      String(ref).replace("#/components/schemas/", ""),
    );
    assert.ok(refs.length > 10);
    for (const ref of refs) assert.ok(names.includes(ref), ref);
  });

  it("the OpenAPI document gives each operation an id of its own", () => {
    const ids = valuesOf("operationId", document.paths);
    assert.ok(ids.length > 5);
    assert.equal(new Set(ids).size, ids.length);
  });

  it("the OpenAPI document declares every parameter of a path, and only those", () => {
    for (const [path, operations] of Object.entries(document.paths as Record<string, object>)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      for (const [method, operation] of Object.entries(operations)) {
        const shared = (operations as { parameters?: object[] }).parameters ?? [];
        if (method === "parameters") continue;
        const own = (operation as { parameters?: object[] }).parameters ?? [];
        const declared = ([...shared, ...own] as { in: string; name: string }[])
          .filter(each => each.in === "path")
          .map(({ name }) => name);
        assert.deepEqual(declared.sort(), wanted, `${method} ${path}`);
      }
    }
  });

  it("the OpenAPI document names only error codes that exist", () => {
    const descriptions = valuesOf("description", document.paths).map(String);
    const codes = descriptions.flatMap(text =>
      [...text.matchAll(/`([a-z]+_[a-z_]+)`: /g)].map(([, code]) => code),
    );
    assert.ok(codes.length > 10);
    for (const code of codes)
      assert.ok((errorCodes as readonly string[]).includes(code ?? ""), code);
  });
});
