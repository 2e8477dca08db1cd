/**
 * The poll page's script: makes voting quicker and survives a bad connection. Without it, the same form
 * posts and is redirected.
 *
 * A vote is sent with a ballot id of this browser's own, kept until the answer is in: however often it is
 * sent, it counts once. When the site is too busy, or the connection is gone, it goes on trying, with
 * growing, jittered pauses, and says so.
 */
import { percentages, sharesOf } from "../lib/percent.ts";

interface Results {
  readonly asOf: string;
  readonly ballots: number;
  readonly options: readonly { readonly id: string; readonly votes: number }[];
}

interface Pending {
  readonly ballotId: string;
  readonly choices: readonly string[];
}

/** Texts in the page's language; those with a number have a form for each plural. */
interface Words {
  readonly alreadyVoted: string;
  readonly asOf: string;
  readonly ballotIdReused: string;
  readonly ballots: Readonly<Record<string, string>>;
  readonly choose: string;
  readonly closedDetail: string;
  readonly counted: string;
  readonly live: string;
  readonly overloadedKeeping: string;
  readonly percent: string;
  readonly sending: string;
  readonly unreachable: string;
  readonly votes: Readonly<Record<string, string>>;
}

const language = document.documentElement.lang;
const numbers = new Intl.NumberFormat(language);
const plurals = new Intl.PluralRules(language);

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

for (const card of document.querySelectorAll<HTMLElement>("[data-poll]")) enhance(card);

function enhance(card: HTMLElement): void {
  sayTimesHere(card);
  const form = card.querySelector<HTMLFormElement>("form[data-part=vote]");
  if (!form) return;
  const slug = card.dataset.poll ?? "";
  form.addEventListener("submit", event => {
    event.preventDefault();
    const choices = [...form.querySelectorAll<HTMLInputElement>("input:checked")].map(
      input => input.value,
    );
    const words = wordsOf(card);
    const { choicesMin = "1", choicesMax = "1" } = card.dataset;
    if (choices.length < Number(choicesMin) || choices.length > Number(choicesMax)) {
      tell(card, "warn", words.choose);
      form.querySelector("input")?.focus();
      return;
    }
    const pending = recall(slug);
    const same = pending?.choices.join() === choices.join();
    void cast(card, form, same && pending ? pending : { ballotId: crypto.randomUUID(), choices });
  });
  const unfinished = recall(slug);
  if (unfinished && card.dataset.state === "open") {
    for (const input of form.querySelectorAll<HTMLInputElement>("input")) {
      input.checked = unfinished.choices.includes(input.value);
    }
    void cast(card, form, unfinished);
  }
}

/** Sends a ballot until it has an answer. */
async function cast(card: HTMLElement, form: HTMLFormElement, pending: Pending): Promise<void> {
  const button = form.querySelector("button");
  if (button?.getAttribute("aria-disabled") === "true") return;
  button?.setAttribute("aria-disabled", "true");
  remember(card.dataset.poll ?? "", pending);
  const words = wordsOf(card);
  tell(card, "good", words.sending);
  for (let attempt = 0; ; attempt++) {
    const answer = await send(form.action, pending);
    if (answer && answer.status !== 503 && answer.status !== 429) {
      remember(card.dataset.poll ?? "", undefined);
      button?.removeAttribute("aria-disabled");
      await conclude(card, answer, pending);
      return;
    }
    tell(card, "warn", answer ? words.overloadedKeeping : words.unreachable);
    await pause(attempt, Number(answer?.headers.get("Retry-After") ?? 0) * 1000);
  }
}

async function send(url: string, pending: Pending): Promise<Response | undefined> {
  try {
    return await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(pending),
    });
  } catch {
    return undefined;
  }
}

function pause(attempt: number, atLeastMs: number): Promise<void> {
  const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
  return new Promise(resolve => setTimeout(resolve, atLeastMs + Math.random() * ceiling));
}

async function conclude(card: HTMLElement, answer: Response, pending: Pending): Promise<void> {
  const words = wordsOf(card);
  const body = (await answer.json().catch(() => ({}))) as {
    code?: string;
    detail?: string;
    results?: Results | null;
    choices?: readonly string[];
  };
  if (answer.status === 202) {
    tell(card, "good", words.counted);
    showResults(card, body.results ?? null, pending.choices);
  } else if (body.code === "already_voted") {
    tell(card, "warn", words.alreadyVoted);
    showResults(card, body.results ?? null, body.choices ?? []);
  } else if (body.code === "ballot_id_reused") {
    tell(card, "warn", words.ballotIdReused);
  } else if (body.code === "poll_closed") {
    tell(card, "bad", words.closedDetail);
  } else {
    tell(card, "bad", body.detail ?? answer.statusText);
  }
}

function showResults(card: HTMLElement, results: Results | null, mine: readonly string[]): void {
  if (!results) {
    location.assign(`/p/${card.dataset.poll}/results`);
    return;
  }
  const words = wordsOf(card);
  const votes = results.options.map(option => option.votes);
  const single = card.dataset.choicesMax === "1";
  const shares = single ? percentages(votes) : sharesOf(votes, results.ballots);
  for (const [index, option] of results.options.entries()) {
    const row = card.querySelector<HTMLElement>(`[data-option="${option.id}"]`);
    if (!row) continue;
    const share = shares[index] ?? 0;
    row.toggleAttribute("data-mine", mine.includes(option.id));
    setText(row, "share", words.percent.replace("#", numbers.format(share)));
    setText(row, "votes", count(words.votes, option.votes));
    row.querySelector("rect")?.setAttribute("width", `${share}%`);
  }
  setText(card, "ballots", count(words.ballots, results.ballots));
  setText(card, "as-of", words.asOf.replace("#", timeOfDay(results.asOf)));
  const live = document.createElement("b");
  live.className = "poll-live";
  live.textContent = words.live;
  part(card, "state")?.replaceChildren(live);
  for (const name of ["vote", "when"]) part(card, name)?.setAttribute("hidden", "");
  for (const name of ["results", "as-of"]) part(card, name)?.removeAttribute("hidden");
  const message = part(card, "message");
  message?.setAttribute("tabindex", "-1");
  message?.focus();
}

function count(forms: Readonly<Record<string, string>>, value: number): string {
  const form = value === 0 ? forms.exact0 : forms[plurals.select(value)];
  return (form ?? forms.other ?? "#").replace("#", numbers.format(value));
}

function timeOfDay(iso: string): string {
  return new Date(iso).toLocaleTimeString(language, { hourCycle: "h23" });
}

function tell(card: HTMLElement, tone: "good" | "warn" | "bad", text = ""): void {
  const message = part(card, "message");
  if (!message) return;
  message.dataset.tone = tone;
  message.hidden = false;
  message.textContent = text;
}

/** Moments in the reader's own zone. */
function sayTimesHere(card: HTMLElement): void {
  for (const time of card.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    time.title = new Date(time.dateTime).toLocaleString(language, {
      dateStyle: "full",
      timeStyle: "long",
    });
  }
}

function part(card: HTMLElement, name: string): HTMLElement | null {
  return card.querySelector<HTMLElement>(`[data-part="${name}"]`);
}

function setText(within: HTMLElement, name: string, text: string): void {
  const element = part(within, name);
  if (element) element.textContent = text;
}

function wordsOf(card: HTMLElement): Words {
  return JSON.parse(card.dataset.words ?? "{}") as Words;
}

/** Storage may be switched off: then a vote lives as long as its page. */
function remember(slug: string, pending: Pending | undefined): void {
  try {
    if (pending) localStorage.setItem(`fg-pending:${slug}`, JSON.stringify(pending));
    else localStorage.removeItem(`fg-pending:${slug}`);
  } catch {}
}

function recall(slug: string): Pending | undefined {
  try {
    const text = localStorage.getItem(`fg-pending:${slug}`);
    return text ? (JSON.parse(text) as Pending) : undefined;
  } catch {
    return undefined;
  }
}
