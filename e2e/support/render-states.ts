/**
 * Every state of the card as a page of its own, with a fixed clock and fixed contents: the pages of the visual
 * baselines. Prints them as JSON, name → HTML. It is a program of its own because Playwright compiles JSX
 * differently from the build.
 */
import type { Poll } from "#lib/model/poll.ts";
import { listPage } from "#reader/list-page.tsx";
import type { PageContext } from "#reader/page-context.ts";
import { previewPage, previewPoll } from "#reader/preview.tsx";
import { messagePage, notFoundPage, pollPage } from "#reader/render-pages.tsx";
import type { CardProps } from "#reader/views/card-props.ts";
import { Words } from "#reader/words/words.ts";
import { receiptStatesOf } from "./receipt-states.ts";
import {
  changeable,
  hourMs,
  labels,
  long,
  nowMs,
  over,
  poll,
  ranked,
  rankedResults,
  rankedTie,
  rated,
  ratedResults,
  results,
  resultsOf,
  several,
  withImages,
} from "./sample-polls.ts";

const site: PageContext = {
  words: new Words("en", "Europe/Stockholm"),
  siteName: "The Harbour Post",
  publicUrl: "https://polls.example",
  urlLanguage: undefined,
  variesByLanguage: false,
};

type Shown = Partial<Omit<CardProps, "words" | "siteName">>;

const page = (shown: Shown, at: PageContext = site): string =>
  pollPage(at, { poll, surface: "page", nowMs, state: "open", results, show: "vote", ...shown });

/** As the script has it: buttons in the place of the selects. */
const withButtons = (html: string): string => {
  let rank = 0;
  let button = 0;
  return html
    .replaceAll(
      'class="poll-option poll-ranked"',
      () =>
        `class="poll-option poll-ranked poll-by-buttons" data-rank="${++rank > 2 ? "–" : rank}"`,
    )
    .replaceAll(
      'data-move="toggle" hidden=""></button>',
      () =>
        `data-move="toggle" ${++button > 2 ? 'aria-label="–">–' : `aria-label="${button}" aria-pressed="true">${button}`}</button>`,
    )
    .replaceAll('<select class="poll-rank"', '<select hidden class="poll-rank"');
};

/** What an editor has for those who have voted. */
const thanked = (change: Partial<Poll>): string =>
  page({
    poll: { ...poll, ...change },
    show: "results",
    mine: ["2"],
    thanks: true,
    receipt: "0000022f-7k1q0vdb-3m9s4a1e-hc52tj8u",
    message: { tone: "good", text: site.words.say("counted") },
  });

/** Mirrored, in letters that every machine has: only the layout is compared. */
const mirrored = (html: string): string => html.replace('dir="ltr"', 'dir="rtl"');

/** In the page's own fonts: an embed takes the machine's, and every machine has others. */
const embedded = (html: string): string =>
  html.replace(
    'data-surface="embed"',
    `data-surface="embed" style="--fg-serif: 'Source Serif 4'; --fg-sans: 'Inter Variable'"`,
  );

const states: Readonly<Record<string, string>> = {
  vote: page({}),
  "vote-several": page({ poll: several, chosen: ["1", "3"] }),
  "vote-nothing-chosen": page({ message: { tone: "warn", text: site.words.say("chooseOne") } }),
  "vote-long": page({ poll: long }),
  "over-capacity": page({
    chosen: ["2"],
    message: { tone: "warn", text: site.words.say("overloadedKeeping") },
  }),
  offline: page({
    chosen: ["2"],
    message: { tone: "warn", text: site.words.say("unreachable") },
  }),
  voted: page({
    show: "results",
    mine: ["2"],
    message: { tone: "good", text: site.words.say("counted") },
  }),
  "voted-no-script": page({
    show: "results",
    mine: ["2"],
    receipt: "0000022f-7k1q0vdb-3m9s4a1e-hc52tj8u",
    message: { tone: "good", text: site.words.say("counted") },
  }),
  "voted-may-change": page({
    poll: changeable,
    show: "results",
    mine: ["2"],
    revision: 0,
    receipt: "0000022f-7k1q0vdb-3m9s4a1e-hc52tj8u",
  }),
  changing: page({ poll: changeable, mine: ["2"], revision: 0, changing: true, chosen: ["2"] }),
  changed: page({
    poll: changeable,
    show: "results",
    mine: ["3"],
    revision: 1,
    message: { tone: "good", text: site.words.say("changed") },
  }),
  "changed-elsewhere": page({
    poll: changeable,
    show: "results",
    mine: ["1"],
    revision: 2,
    message: { tone: "warn", text: site.words.say("changedElsewhere") },
  }),
  withdrawn: page({
    poll: changeable,
    revision: 1,
    message: { tone: "good", text: site.words.say("withdrawn") },
  }),
  results: page({ show: "results" }),
  "results-none": page({ show: "results", results: resultsOf(poll, [], 0, "open") }),
  "results-several": page({
    poll: several,
    show: "results",
    results: resultsOf(several, [9_854, 5_470, 8_108, 1], 12_432, "open"),
    mine: ["1", "3"],
  }),
  "results-away": page({ show: "results", results: null }),
  "voted-hidden": page({
    poll: { ...poll, resultsTo: "after_close" },
    show: "results",
    mine: ["2"],
    results: { ...results, hidden: "after_close", ballots: null, options: [] },
  }),
  "not-yet-open": page({
    poll: { ...poll, opensAtMs: nowMs + 5 * hourMs },
    state: "scheduled",
    results: null,
  }),
  closing: page({ poll: over, state: "closing", show: "results", mine: ["2"] }),
  final: page({
    poll: { ...over, finalizedAtMs: nowMs },
    state: "final",
    show: "results",
    results: resultsOf(over, [3_854, 5_470, 3_108, 0], 12_432, "final"),
    mine: ["2"],
  }),
  "vote-ranked": withButtons(page({ poll: ranked, chosen: ["1:1", "2:2"] })),
  "vote-ranked-no-script": page({ poll: ranked, chosen: ["1:1", "2:2"] }),
  "results-ranked": page({
    poll: ranked,
    show: "results",
    results: rankedResults,
    mine: ["2", "1"],
  }),
  "results-ranked-tie": page({
    poll: ranked,
    show: "results",
    results: rankedTie,
  }),
  "results-tied": page({
    show: "results",
    results: resultsOf(poll, [3, 3, 3, 0], 9, "open"),
  }),
  "vote-rating": page({ poll: rated, chosen: ["1:4", "3:1"] }),
  "results-rating": page({
    poll: rated,
    show: "results",
    results: ratedResults,
    mine: ["1:4", "3:1"],
  }),
  "vote-images": page({ poll: withImages(poll), chosen: ["2"] }),
  "vote-ranked-images": withButtons(page({ poll: withImages(ranked), chosen: ["1:1", "2:2"] })),
  "vote-rating-images": page({ poll: withImages(rated), chosen: ["1:4"] }),
  "results-images": page({ poll: withImages(poll), show: "results", mine: ["2"] }),
  thanks: thanked({ afterVote: "thanks" }),
  "thanks-text": thanked({
    afterVote: "text",
    afterVoteText: "What the council decides on Tuesday is in Wednesday’s paper.",
  }),
  "thanks-link": thanked({
    afterVote: "link",
    afterVoteText: "How the parties stand, in seven questions",
    afterVoteLink: "https://news.example/harbour",
  }),
  ...receiptStatesOf(site, poll, nowMs),
  "mirrored-images": mirrored(page({ poll: withImages(poll), chosen: ["2"] })),
  "mirrored-ranked": mirrored(withButtons(page({ poll: ranked, chosen: ["1:1", "2:2"] }))),
  "mirrored-vote": mirrored(page({ chosen: ["2"] })),
  "mirrored-voted": mirrored(page({ show: "results", mine: ["2"] })),
  list: listPage(site, {
    query: { page: 2 },
    parts: [
      { heading: "openPolls", polls: [poll] },
      { heading: "scheduledPolls", polls: [{ ...poll, opensAtMs: nowMs + hourMs }] },
      { heading: "closedPolls", polls: [over] },
    ],
    previous: {},
    place: { page: 2, pages: 2 },
    more: [["olderPolls", { state: "closed" }]],
    nowMs,
  }),
  "list-search-empty": listPage(site, {
    query: { q: "harbour cars" },
    parts: [],
    more: [["allPolls", {}]],
    notice: "searchNone",
    nowMs,
  }),
  "draft-preview": previewPage(
    site,
    previewPoll({ ...poll, options: labels.map(label => ({ label })), closesAtMs: null }),
  ),
  "embed-vote": embedded(page({ surface: "embed", chosen: ["2"] })),
  "embed-voted": embedded(page({ surface: "embed", show: "results", mine: ["2"] })),
  "embed-outage": embedded(messagePage(site, "embed", "awayTitle", "awayBody")),
  outage: messagePage(site, "page", "awayTitle", "awayBody"),
  "not-found": notFoundPage(site),
};

process.stdout.write(JSON.stringify(states));
