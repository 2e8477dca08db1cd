/**
 * Voting without leaving the page.
 *
 * A vote is sent with a ballot id that the browser stores until the answer arrives, so it counts once however often
 * it is sent. While the site is overloaded or unreachable, the script retries with jittered backoff and shows a
 * message. A reload resumes the retries.
 */

import type { Results } from "#lib/model/results.ts";
import { attempt, newBallotId } from "./attempt.ts";
import { explainBlockedLinks, isSandboxed, sayAddress } from "./blocked-links.ts";
import {
  editionOf,
  inArticle,
  langQuery,
  part,
  say,
  setHidden,
  showMessage,
  slugOf,
  stateOf,
} from "./card.ts";
import { choicesIn, fillForm, followRules } from "./fields.ts";
import type { LiveUpdates } from "./live-updates.ts";
import {
  type OwnBallot,
  offerChanges,
  ownBallotIn,
  replacesIn,
  showOwnBallot,
  showReceipt,
  storeOwnBallot,
} from "./own-ballot.ts";
import { rankByButtons } from "./ranks.ts";
import { showReplacement } from "./replaced.ts";
import { markOwnChoices } from "./show-results.ts";
import {
  canStore,
  isAbout,
  onVotedElsewhere,
  type Pending,
  store,
  stored,
  voterHeader,
} from "./storage.ts";

const backoffMsFirst = 1_000;
const backoffMsMax = 30_000;

interface Answer {
  readonly code?: string;
  readonly detail?: string;
  readonly receipt?: string;
  readonly results?: Results | null;
  readonly choices?: readonly string[];
  readonly revision?: number;
}

/** Handles the vote form of a card, and resumes a vote that an earlier visit left unanswered. */
export function enableVoting(card: HTMLElement, live: LiveUpdates): void {
  if (inArticle) explainBlockedLinks(card);
  const form = card.querySelector<HTMLFormElement>("form[data-part=vote]");
  if (!form) return;
  const slug = slugOf(card);
  const edition = editionOf(card);
  if (inArticle && !canStore()) {
    linkToVotePage(card, form);
    return;
  }
  if (POLL_KIND === "ranked") rankByButtons(card, form);
  followRules(card, form);
  const send = () => {
    const choices = choicesIn(card, form);
    if (!choices) {
      showMessage(card, "warn", say(card, "choose"));
      form.querySelector<HTMLElement>("input:not([type=hidden]), [data-move]")?.focus();
      return;
    }
    const replaces = replacesIn(form);
    const before = stored<Pending>("pending", slug);
    const same = before && before.replaces === replaces && isAbout(edition, before);
    const ballotId = same ? before.ballotId : newBallotId();
    // The browser sends it too if it has to go on: both are one ballot.
    (form.querySelector("[name=ballotId]") as HTMLInputElement).value = ballotId;
    const change = replaces === undefined ? {} : { replaces };
    const casting = castVote(card, form, live, { ballotId, choices, edition, ...change });
    casting.catch(() => {
      // The next page must not send it again.
      attempt(() => store("pending", slug, undefined));
      form.submit();
    });
  };
  // No `submit` event: in a frame without permission for forms there is none. Enter in a field is a click too.
  part(form, "cast")?.addEventListener("click", event => {
    if (attempt(send)) event.preventDefault();
  });
  offerChanges(card, {
    fill: choices => fillForm(form, choices),
    withdraw: async replaces => {
      const ballotId = newBallotId();
      await castVote(card, form, live, { ballotId, choices: [], edition, replaces });
      if (ownBallotIn(card)?.choices.length === 0) fillForm(form, []);
    },
  });
  const showMine = (mine: OwnBallot) => {
    if (stateOf(card) !== "open") {
      markOwnChoices(card, mine.choices);
      showReceipt(card, mine);
      return;
    }
    showOwnBallot(card, mine);
    live.refresh();
  };
  const mine = stored<OwnBallot>("voted", slug);
  const isMine = mine && isAbout(edition, mine);
  if (isMine && !ownBallotIn(card) && !card.querySelector("[data-mine]")) showMine(mine);
  onVotedElsewhere(slug, edition, showMine);
  const unfinished = stored<Pending>("pending", slug);
  if (!unfinished) return;
  if (!isAbout(edition, unfinished)) {
    store("pending", slug, undefined);
    showMessage(card, "warn", say(card, "replaced"));
    return;
  }
  if (stateOf(card) !== "open") return;
  fillForm(form, unfinished.choices);
  // Where it can't be sent, the reader finds the form filled: a page that sent its form by itself might do so for ever.
  castVote(card, form, live, unfinished).catch(() => setHidden(card, true, "message"));
}

/** Replaces the button with a link to the poll's own page, in frames where nothing can be stored. */
function linkToVotePage(card: HTMLElement, form: HTMLFormElement): void {
  const link = document.createElement("a");
  link.className = "poll-button";
  link.href = `/p/${slugOf(card)}${langQuery}`;
  link.target = "_blank";
  link.textContent = say(card, "voteAtSite");
  part(form, "cast")?.replaceWith(link);
  if (isSandboxed()) sayAddress(card, link.href);
}

/** Sends a ballot, and retries until there is an answer. */
async function castVote(
  card: HTMLElement,
  form: HTMLFormElement,
  live: LiveUpdates,
  pending: Pending,
): Promise<void> {
  const button = part(form, "cast");
  if (button?.getAttribute("aria-disabled") === "true") return;
  button?.setAttribute("aria-disabled", "true");
  const slug = slugOf(card);
  try {
    store("pending", slug, pending);
    showMessage(card, "good", say(card, "sending"));
    for (let attempt = 0; ; attempt++) {
      const answer = await sendBallot(form.action, slug, pending);
      if (answer && answer.status !== 503 && answer.status !== 429) {
        store("pending", slug, undefined);
        const token = answer.headers.get(voterHeader);
        if (token) store("token", slug, token);
        await showAnswer(card, live, answer, pending);
        return;
      }
      showMessage(card, "warn", say(card, answer ? "overloadedKeeping" : "unreachable"));
      await waitBeforeRetry(attempt, (Number(answer?.headers.get("Retry-After")) || 0) * 1000);
    }
  } finally {
    button?.removeAttribute("aria-disabled");
  }
}

async function sendBallot(
  url: string,
  slug: string,
  { edition, ...ballot }: Pending,
): Promise<Response | undefined> {
  // Without `fetch`, this throws: the plain form goes on.
  const sent = fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      // No member of the body: a front of release 0.2.0 would refuse one that it does not know.
      ...(edition !== undefined && { "Floodgate-Edition": edition }),
      ...(inArticle && { [voterHeader]: stored<string>("token", slug) ?? "" }),
    },
    body: JSON.stringify(ballot),
  });
  return sent.catch(() => undefined);
}

/** Waits for the backoff, or until the connection is back. */
function waitBeforeRetry(attempt: number, atLeastMs: number): Promise<unknown> {
  const ceiling = Math.min(backoffMsMax, backoffMsFirst * 2 ** attempt);
  return new Promise(resolve => {
    setTimeout(resolve, atLeastMs + Math.random() * ceiling);
    addEventListener("online", resolve, { once: true });
  });
}

async function showAnswer(
  card: HTMLElement,
  live: LiveUpdates,
  answer: Response,
  pending: Pending,
): Promise<void> {
  const body = (await answer.json().catch(() => ({}))) as Answer;
  const { choices, replaces } = pending;
  const changes = replaces !== undefined;
  if (answer.status === 202) {
    const before = ownBallotIn(card)?.choices.length ?? 0;
    const done = choices.length === 0 ? "withdrawn" : changes && before > 0 ? "changed" : "counted";
    showMessage(card, "good", say(card, done));
    setHidden(card, choices.length === 0, "thanks");
    showAccepted(card, live, body, choices);
  } else if (body.code === "already_voted" || body.code === "ballot_changed") {
    const found = body.code === "ballot_changed" ? "changedElsewhere" : "alreadyVoted";
    showMessage(card, "warn", say(card, body.choices?.length === 0 ? "withdrawn" : found));
    showAccepted(card, live, body, body.choices ?? []);
  } else if (body.code === "poll_replaced") {
    showReplacement(card);
  } else if (body.code === "ballot_id_reused") {
    showMessage(card, "warn", say(card, "ballotIdReused"));
  } else if (body.code === "poll_closed") {
    showMessage(card, "bad", say(card, changes ? "closedUnchanged" : "closedDetail"));
    live.refresh();
  } else {
    const known = { change_refused: "noChanges", voter_unknown: "changeUnknown" }[body.code ?? ""];
    showMessage(card, "bad", known ? say(card, known) : (body.detail ?? answer.statusText));
  }
}

function showAccepted(
  card: HTMLElement,
  live: LiveUpdates,
  { results, revision = 0, receipt }: Answer,
  choices: readonly string[],
): void {
  storeOwnBallot(card, { choices, revision, receipt });
  if (results) live.show(results);
  live.refresh();
  const message = part(card, "message");
  message?.setAttribute("tabindex", "-1");
  message?.focus();
}
