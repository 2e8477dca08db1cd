import assert from "node:assert/strict";
import { it } from "node:test";
import { isLoopback } from "./loopback.ts";

it("loopback hosts are recognised by name, by IPv4 address and by IPv6 address", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]"]) {
    assert.ok(isLoopback(host), host);
  }
});

it("a host that only looks like loopback is not one", () => {
  for (const host of [
    "",
    "0.0.0.0",
    "::",
    "localhost.example",
    "127.0.0.1.example",
    "[::1].example",
    "[::1",
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});
