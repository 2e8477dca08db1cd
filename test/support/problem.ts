/** Problems as `application/problem+json` has them, and as ours have to be. */
import assert from "node:assert/strict";

export interface Problem {
  readonly type: string;
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
}

/** Parses a problem response and asserts what the contract promises. */
export async function problemOf(response: Response, status: number): Promise<Problem> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = JSON.parse(text) as Problem;
  assert.equal(problem.status, status);
  assert.equal(problem.type, `urn:floodgate:problem:${problem.code.replaceAll("_", "-")}`);
  assert.ok(!/node_modules|at \w+ \(|SELECT|memjs/.test(text), "nothing of the inside");
  return problem;
}
