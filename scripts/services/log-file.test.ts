import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { LogFile } from "./log-file.ts";

describe("LogFile", () => {
  const directory = mkdtempSync(join(tmpdir(), "log-file-"));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("LogFile drops what can't be written, and says how much once it can write again", () => {
    const path = join(directory, "front.log");
    const file = new LogFile(path);
    mkdirSync(path);
    file.append(Buffer.from("one\n"));
    file.append(Buffer.from("two!\n"));
    rmdirSync(path);
    file.append(Buffer.from("three\n"));
    file.append(Buffer.from("four\n"));
    assert.equal(readFileSync(path, "utf8"), "\n… 9 bytes were not written …\nthree\nfour\n");
  });

  it("LogFile does not throw on a full disk", () => {
    new LogFile("/dev/full").append(Buffer.from("line\n"));
  });
});
