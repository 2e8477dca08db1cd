import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { books, survey } from "#test/support/worker-status.ts";
import { lossEstimate } from "./loss-estimate.ts";
import type { Survey } from "./state.ts";

const servers = (those: Survey["servers"]): Survey => survey(0, 0, { servers: those });

describe("the loss estimate", () => {
  const [server] = survey(2, 700).servers;
  assert.ok(server);
  const gone = { ...server, name: "m:2", memory: undefined, lanes: [] };

  it("the loss estimate is everything that waits when there is one copy", () => {
    const bound = lossEstimate(survey(2, 700), 1, books);
    assert.deepEqual(
      [bound.copies, bound.slots, bound.ballots, bound.oldestWaitMs],
      [1, 2, 1, 700],
    );
    assert.match(
      bound.sentence,
      /one copy of each vote\. .* about 2 slots with 1 ballot could be lost now, the oldest 1 second old\.$/,
    );
    assert.match(
      lossEstimate(survey(2), 1, undefined).sentence,
      /about 2 slots could be lost now, the oldest/,
    );
    assert.match(lossEstimate(survey(0), 1, books).sentence, /hardly anything would be lost now/);
  });

  it("the loss estimate is nothing with two copies, unless a server is away", () => {
    const two = servers([server, { ...server, name: "m:2" }]);
    assert.match(lossEstimate(two, 2, books).sentence, /on two servers/);
    const one = lossEstimate(servers([server, gone]), 2, books);
    assert.equal(one.copies, 1);
    assert.match(one.sentence, /one copy of each vote while a server is away/);
    assert.match(lossEstimate(servers([gone]), 1, books).sentence, /straight into MySQL/);
  });
});
