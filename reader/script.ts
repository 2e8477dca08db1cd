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
  readonly ballots: number;
  readonly options: readonly { readonly id: string; readonly votes: number }[];
}

interface Pending {
  readonly ballotId: string;
  readonly choices: readonly string[];
}

type Words = Readonly<Record<string, string>>;

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
  const votes = results.options.map(option => option.votes);
  const single = card.dataset.choicesMax === "1";
  const shares = single ? percentages(votes) : sharesOf(votes, results.ballots);
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  for (const [index, option] of results.options.entries()) {
    const row = card.querySelector<HTMLElement>(`[data-option="${option.id}"]`);
    if (!row) continue;
    row.toggleAttribute("data-mine", mine.includes(option.id));
    setText(row, "share", `${numbers.format(shares[index] ?? 0)}%`);
    setText(row, "votes", numbers.format(option.votes));
    row.querySelector("rect")?.setAttribute("width", `${shares[index] ?? 0}%`);
  }
  part(card, "vote")?.setAttribute("hidden", "");
  part(card, "results")?.removeAttribute("hidden");
  const message = part(card, "message");
  message?.setAttribute("tabindex", "-1");
  message?.focus();
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
    time.title = new Date(time.dateTime).toLocaleString(document.documentElement.lang, {
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
