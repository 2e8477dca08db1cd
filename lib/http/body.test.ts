import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ErrorCode, isFloodgateError } from "../base/errors.ts";
import { bodyBytesMax, bodyKind, parseJson, readJson, readJsonOrForm } from "./body.ts";

const json = "application/json";
const form = "application/x-www-form-urlencoded";

function requestOf(body: BodyInit, type: string, more: Record<string, string> = {}): Request {
  const headers = { "content-type": type, ...more };
  return new Request("http://site.example/", {
    method: "POST",
    body,
    headers,
    duplex: "half",
  } as RequestInit);
}

/** A body without a Content-Length, in two chunks. */
function streamOf(...chunks: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
}

const failsWith = (code: ErrorCode) => (error: unknown) => isFloodgateError(error, code);

describe("bodyKind", () => {
  const cases: readonly [string, "json" | "form" | undefined][] = [
    [json, "json"],
    ["Application/JSON; charset=utf-8", "json"],
    [form, "form"],
    [`${form};charset=UTF-8`, "form"],
    ["application/json-patch+json", undefined],
    ["text/plain", undefined],
    ["multipart/form-data; boundary=x", undefined],
  ];
  for (const [type, kind] of cases) {
    it(`bodyKind is ${kind ?? "undefined"} for ${type}`, () => {
      assert.equal(bodyKind(requestOf("", type)), kind);
    });
  }

  it("bodyKind is undefined without a Content-Type", () => {
    assert.equal(bodyKind({ url: "", headers: new Headers() }), undefined);
  });
});

describe("readJson", () => {
  it("readJson parses a body, whole or in chunks", async () => {
    assert.deepEqual(await readJson(requestOf('{"a":[1]}', json)), { a: [1] });
    assert.deepEqual(await readJson(requestOf(streamOf('{"a"', ":[1]}"), json)), { a: [1] });
  });

  it("readJson reads a body that begins with a byte-order mark, as parseJson does", async () => {
    const marked = '\ufeff{"a":[1]}';
    assert.deepEqual(parseJson(marked), { a: [1] });
    assert.deepEqual(await readJson(requestOf(marked, json)), { a: [1] });
    assert.deepEqual(await readJson(requestOf(streamOf(marked), json)), { a: [1] });
    const read = await readJsonOrForm(requestOf(streamOf("\ufeffa=1"), form));
    assert.ok(read.kind === "form" && read.value.get("a") === "1");
  });

  it("readJson reads a character that is split between two chunks", async () => {
    const [first, second] = [Buffer.from('"é"').subarray(0, 2), Buffer.from('"é"').subarray(2)];
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(first);
        controller.enqueue(second);
        controller.close();
      },
    });
    assert.equal(await readJson(requestOf(body, json)), "é");
  });

  it("readJson refuses a form and a missing type as unsupported_media_type", async () => {
    await assert.rejects(readJson(requestOf("a=1", form)), failsWith("unsupported_media_type"));
  });

  it("readJson refuses text that is not JSON as invalid_request", async () => {
    for (const body of ["", "{", "{'a':1}", "undefined"]) {
      await assert.rejects(readJson(requestOf(body, json)), failsWith("invalid_request"), body);
    }
  });

  it("readJson refuses bytes that are not UTF-8 as invalid_request", async () => {
    const body = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    await assert.rejects(readJson(requestOf(body, json)), failsWith("invalid_request"));
  });

  it("readJson refuses a body above the limit by its Content-Length", async () => {
    const announced = { "content-length": String(bodyBytesMax + 1) };
    await assert.rejects(readJson(requestOf("1", json, announced)), failsWith("body_too_large"));
  });

  it("readJson refuses a body above the limit that announces no length", async () => {
    const body = streamOf(`"${"x".repeat(bodyBytesMax / 2)}`, `${"x".repeat(bodyBytesMax / 2)}"`);
    await assert.rejects(readJson(requestOf(body, json)), failsWith("body_too_large"));
  });

  it("readJson takes a body of exactly the limit", async () => {
    const text = "x".repeat(bodyBytesMax - 2);
    assert.equal(await readJson(requestOf(streamOf(`"${text}"`), json)), text);
  });

  it("readJson refuses a body that breaks off as invalid_request", async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error("socket hang up"));
      },
    });
    await assert.rejects(readJson(requestOf(body, json)), failsWith("invalid_request"));
  });
});

describe("readJsonOrForm", () => {
  it("readJsonOrForm parses a form with repeated fields", async () => {
    const read = await readJsonOrForm(requestOf("choice=1&choice=2&q=a+b", form));
    assert.ok(read.kind === "form");
    assert.deepEqual(read.value.getAll("choice"), ["1", "2"]);
    assert.equal(read.value.get("q"), "a b");
  });

  it("readJsonOrForm reads JSON, and leaves its parsing to the caller", async () => {
    assert.deepEqual(await readJsonOrForm(requestOf("[1", json)), { kind: "json", text: "[1" });
  });

  it("readJsonOrForm refuses other types as unsupported_media_type", async () => {
    const request = requestOf("x", "text/plain");
    await assert.rejects(readJsonOrForm(request), failsWith("unsupported_media_type"));
  });
});
