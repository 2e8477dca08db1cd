/**
 * The operations of the API in the OpenAPI document: what each takes, and every answer it gives. `routes.ts` says at which
 * address and by which method. Schemas are named by reference; `openapi.ts` has them.
 */
import type { ErrorCode } from "../base/errors.ts";
import { changeableRulesSchema } from "../polls/schema.ts";
import { waitSecondsMax } from "./contract.ts";
import { headerParameter, json, problems, queryParameter, ref } from "./openapi-parts.ts";
import { listPollsOperation } from "./polls-contract.ts";

const outages = ["overloaded", "memcached_unavailable", "queue_full", "secret_unknown"] as const;
const editing = ["unauthenticated", "forbidden", "mysql_unavailable"] as const;
const conflicts = ["edit_conflict", "poll_in_use", "closing_passed"] as const;
const bodies = ["body_too_large", "unsupported_media_type"] as const;
const content = ["invalid_request", "slug_taken", ...bodies] as const;
const editors = { security: [{ token: [] }, { session: [] }] };
function pollAnswer(description: string): Record<string, unknown> {
  return { description, content: json(ref("Poll")) };
}

const changeableRules = Object.keys(changeableRulesSchema.shape).join(", ");

const readsBooks = (summary: string) => ({
  summary,
  ...editors,
  responses: {
    "200": {
      description: "Accepted ballots, and what became of them",
      content: json(ref("Books")),
    },
    ...problems(...editing),
  },
});

const changesState = (summary: string, ...codes: ErrorCode[]) => ({
  summary,
  ...editors,
  responses: {
    "200": pollAnswer("The poll"),
    ...problems("poll_not_found", "poll_in_use", ...codes, ...editing),
  },
});

const voting = {
  castBallot: {
    summary: "Cast a ballot",
    description:
      "The answer comes once the ballot is safely queued. A ballot that is sent again with the same ballotId gets the same answer and is counted once. With `replaces`, the request changes or withdraws the voter's current ballot. The route also takes an HTML form (`choice=…`), and answers it with a redirect to the results.",
    parameters: [
      headerParameter(
        "Floodgate-Edition",
        "The same as `edition` in the body, which it replaces; the site's own pages send it",
      ),
    ],
    requestBody: { required: true, content: json(ref("CastRequest")) },
    responses: {
      "202": { description: "The ballot is accepted", content: json(ref("CastResponse")) },
      ...problems(
        "invalid_request",
        "invalid_ballot",
        "poll_not_open",
        "poll_closed",
        "forbidden",
        "poll_not_found",
        "change_refused",
        "voter_unknown",
        "poll_replaced",
        "already_voted",
        "ballot_changed",
        "ballot_id_reused",
        "body_too_large",
        "unsupported_media_type",
        ...outages,
      ),
    },
  },
  readResults: {
    summary: "Results of a poll",
    description:
      "With `after`, the answer is 204 unless there is a newer version. With `wait` as well, the request is held until there is one, or the time is over.",
    parameters: [
      headerParameter(
        "Floodgate-Edition",
        "The edition that the client shows: results of another one are newer, whatever their version",
      ),
      queryParameter("after", "The version that the client has", { type: "integer" }),
      queryParameter("wait", "Seconds to wait for a newer version", {
        type: "integer",
        maximum: waitSecondsMax,
      }),
    ],
    responses: {
      "200": { description: "The results", content: json(ref("Results")) },
      "204": { description: "There is nothing newer than `after`" },
      "304": { description: "The results are those of the `If-None-Match` header" },
      ...problems("invalid_request", "poll_not_found", ...outages),
    },
  },
  watchResults: {
    summary: "Results of a poll as Server-Sent Events",
    description:
      "Sends an event `results` at once and after every change: its data is the JSON of the results, its id their version. While nothing changes, an event without a name and data comes every 15 seconds. The stream ends after the final results.",
    responses: {
      "200": {
        description: "The event stream",
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      "204": { description: "The client has the final results, and should not reconnect" },
      ...problems("poll_not_found", ...outages),
    },
  },
  readReceipt: {
    summary: "What became of a ballot",
    description: "The answer names neither the voter nor the choices.",
    responses: {
      "200": { description: "What became of the ballot", content: json(ref("Receipt")) },
      ...problems("not_found", "overloaded", "mysql_unavailable"),
    },
  },
};

const editingPolls = {
  listPolls: {
    ...listPollsOperation(),
    ...editors,
    responses: {
      "200": { description: "The polls", content: json(ref("Polls")) },
      ...problems("invalid_request", ...editing),
    },
  },
  createPoll: {
    summary: "Create a poll",
    ...editors,
    parameters: [
      headerParameter(
        "Idempotency-Key",
        "A random key, quoted or not. A request that is sent again with the same key and body makes no second poll, and is answered with the poll as it is now; with another body it is refused. The key is kept as long as the poll",
      ),
    ],
    requestBody: { required: true, content: json(ref("CreatePoll")) },
    responses: {
      "201": pollAnswer("The poll is created"),
      ...problems(...content, "creation_in_progress", "idempotency_key_reused", ...editing),
    },
  },
  readPoll: {
    summary: "A published poll",
    responses: { "200": pollAnswer("The poll"), ...problems("poll_not_found", ...outages) },
  },
  changePoll: {
    summary: "Change a poll",
    description: `A draft or scheduled poll can be changed in every respect. Once a poll is open, only closesAt and ${changeableRules} can be changed; once it is closed, closesAt can't either. Any other change is refused with \`poll_in_use\`, and one whose \`version\` is not the current one with \`edit_conflict\`.`,
    ...editors,
    requestBody: { required: true, content: json(ref("UpdatePoll")) },
    responses: {
      "200": pollAnswer("The poll is changed"),
      ...problems("poll_not_found", ...content, ...conflicts, ...editing),
    },
  },
  deletePoll: {
    summary: "Delete a poll that is neither open nor closing",
    description:
      "Deletes the ballots, receipts and result of a final poll for good. Nothing is asked: the studio's question does not apply here.",
    ...editors,
    responses: {
      "204": { description: "The poll is deleted" },
      ...problems("poll_not_found", "poll_in_use", ...editing),
    },
  },
  exportBallots: {
    summary: "A poll's ballots as CSV",
    description:
      "One row for each ballot, without its voter: when it was received, and for each option 1 or 0, its rank or its grade. An apostrophe stands before a sign in a label where a spreadsheet could take what follows for a formula: at the start, and after a comma, semicolon, tab or vertical bar. Without that apostrophe, the label is as it was written.",
    ...editors,
    responses: {
      "200": { description: "The ballots", content: { "text/csv": {} } },
      ...problems("poll_not_found", ...editing),
    },
  },
  openPoll: changesState("Open a poll now", "closing_passed"),
  closePoll: changesState("Close a poll now"),
  reopenCount: {
    summary: "Reopen the count of a final poll",
    description:
      "Counts votes that were received before the closing and were set aside because the result was final. The poll is `closing` until a worker has counted them, and then final again; no vote is accepted meanwhile. Readers see when and why.",
    ...editors,
    requestBody: { required: true, content: json(ref("ReopenCount")) },
    responses: {
      "200": pollAnswer("The poll, which is being counted again"),
      ...problems("poll_not_found", "poll_in_use", "nothing_to_count", ...content, ...editing),
    },
  },
  readAllBooks: readsBooks("The books of the whole site"),
  readBooks: readsBooks("The books of a poll"),
};

/** All operations, by their ids. */
export const operations = { ...voting, ...editingPolls };
