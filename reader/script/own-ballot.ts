/**
 * The reader's own ballot that counts: its choices and revision. No choices mean a withdrawn vote. The server or this
 * script writes it into the card, and the browser stores it for pages that come from a cache.
 *
 * In polls where votes can be changed, the fields named `replaces` carry the revision: a form with one changes that
 * ballot, a form without one casts a first ballot.
 */
import { editionOf, langQuery, part, say, setHidden, setText, slugOf } from "./card.ts";
import { markOwnChoices, switchToForm, switchToResults } from "./show-results.ts";
import { type AboutPoll, store, stored } from "./storage.ts";

export interface OwnBallot extends AboutPoll {
  readonly choices: readonly string[];
  readonly revision: number;
  /** The code of its receipt; `undefined` where an answer names none. */
  readonly receipt?: string | undefined;
}

/** The ballot in the card; `undefined` if there is none. */
export function ownBallotIn(card: HTMLElement): OwnBallot | undefined {
  const { ownBallot, revision } = card.dataset;
  if (ownBallot === undefined) return undefined;
  return { choices: JSON.parse(ownBallot) as string[], revision: Number(revision) };
}

/** Writes the ballot into the card, and shows the results with the choices marked, or the form. */
export function showOwnBallot(card: HTMLElement, ballot: OwnBallot): void {
  const { choices, revision } = ballot;
  card.dataset.ownBallot = JSON.stringify(choices);
  card.dataset.revision = String(revision);
  for (const field of card.querySelectorAll<HTMLInputElement>("[name=replaces]")) {
    field.value = String(revision);
    field.disabled = false;
  }
  markOwnChoices(card, choices);
  showReceipt(card, ballot);
  setHidden(card, choices.length === 0, "change");
  if (choices.length > 0) switchToResults(card);
  else showForm(card, false);
}

/** Fills the receipt link, which has no address before the vote. An earlier vote's receipt is not left there. */
export function showReceipt(card: HTMLElement, { receipt }: OwnBallot): void {
  const line = part(card, "receipt");
  if (!line) return;
  line.querySelector("a")?.setAttribute("href", `/receipt/${receipt}${langQuery}`);
  line.hidden = !receipt;
}

export function storeOwnBallot(card: HTMLElement, ballot: OwnBallot): void {
  const before = stored<OwnBallot>("voted", slugOf(card));
  const edition = editionOf(card);
  // The refusal of a second ballot names no receipt: this browser may have that of the first.
  const isSame = before?.edition === edition && before.revision === ballot.revision;
  const receipt = ballot.receipt ?? (isSame ? before.receipt : undefined);
  store("voted", slugOf(card), { ...ballot, receipt, edition });
  showOwnBallot(card, { ...ballot, receipt });
}

/** Shows the form in place of results, to vote again or to change the vote. */
export function showForm(card: HTMLElement, changing: boolean): void {
  switchToForm(card);
  setText(card, "cast", say(card, changing ? "changeVote" : "vote"));
  setHidden(card, !changing, "keep-vote");
  setHidden(card, changing, "see-results");
}

/** The revision that a form replaces; `undefined` for a first ballot. */
export function replacesIn(form: HTMLFormElement): number | undefined {
  const field = form.querySelector<HTMLInputElement>("[name=replaces]");
  return field && !field.disabled ? Number(field.value) : undefined;
}

/** Lets the links and the button that change a vote work without leaving the page. */
export function offerChanges(
  card: HTMLElement,
  {
    fill,
    withdraw,
  }: { fill(choices: readonly string[]): void; withdraw(replaces: number): Promise<void> },
): void {
  part(card, "change-vote")?.addEventListener("click", event => {
    event.preventDefault();
    fill(ownBallotIn(card)?.choices ?? []);
    setHidden(card, true, "message");
    showForm(card, true);
    const form = part(card, "vote");
    const first = form?.querySelector<HTMLElement>("select, input:not([type=hidden])");
    (form?.querySelector<HTMLElement>("input:checked") ?? first)?.focus();
  });
  part(card, "keep-vote")?.addEventListener("click", event => {
    event.preventDefault();
    setHidden(card, true, "message");
    switchToResults(card);
    part(card, "change-vote")?.focus();
  });
  const form = card.querySelector<HTMLFormElement>("form[data-part=withdraw]");
  form?.querySelector("button")?.addEventListener("click", event => {
    event.preventDefault();
    const replaces = replacesIn(form);
    if (replaces !== undefined) void withdraw(replaces);
  });
}
