/** @jsxImportSource hono/jsx */
/**
 * `/demo`: an article of a news site with embedded polls, as an editor would paste them. The page has its own
 * colours and fonts on purpose, as every site does.
 */
import { raw } from "hono/html";
import type { Poll } from "#lib/model/poll.ts";
import type { ListedPoll } from "#lib/polls/published-list.ts";
import { embedCode } from "./embed-code.ts";
import { assets } from "./generated.ts";

export interface DemoPage {
  readonly siteName: string;
  readonly publicUrl: string;
  readonly polls: readonly Poll[];
}

/** The polls for the article: up to three, open ones first. */
export function pollsForDemo(listed: readonly ListedPoll[], nowMs: number): readonly ListedPoll[] {
  const open = ({ closesAtMs, opensAtMs }: ListedPoll) =>
    opensAtMs !== null && opensAtMs <= nowMs && (closesAtMs === null || closesAtMs > nowMs);
  return [...listed.filter(open), ...listed.filter(poll => !open(poll))].slice(0, 3);
}

export function demoPage({ siteName, publicUrl, polls }: DemoPage): string {
  const [first, second, third] = polls;
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`A harbour without cars? – ${siteName}`}</title>
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <style>{raw(assets.demoStyles)}</style>
        <script async src="/embed.js" />
      </head>
      <body>
        <header class="site">
          <a href="/">{siteName}</a>
          <nav aria-label="Sections">City · Culture · Sport · Opinion</nav>
        </header>
        <main>
          <article>
            <p class="kicker">City</p>
            <h1>A harbour without cars?</h1>
            <p class="standfirst">
              The quays were built for ships and given to parking. On Tuesday the council decides
              whether they go to people on foot.
            </p>
            <p class="byline">By our city desk · 21 November</p>
            <p>
              At seven in the morning the old harbour is nearly empty. A delivery van idles outside
              the fish hall, two cyclists take the long way round the bollards, and four hundred
              parking spaces wait for the day. By ten they are full. Traders say the spaces keep
              them in business; people who live above the shops say they have not opened a window
              since spring.
            </p>
            <p>
              The proposal before the council would close the quays between the fish hall and the
              customs house. Deliveries would be let in until eleven. A trial two summers ago halved
              the traffic on the ring road’s last mile, and moved some of it to streets that were
              quiet before.
            </p>
            <EmbeddedPoll poll={first} publicUrl={publicUrl} />
            <p>
              “I was against the trial,” says a greengrocer who has had her stall here for nineteen
              years. “Then people began to stay for an hour instead of ten minutes.” Her neighbour,
              who sells furniture, lost a third of his turnover in the same summer and does not
              expect to survive a second one.
            </p>
            <h2>Who pays</h2>
            <p>
              Paving the quays costs as much as running two schools for a year, which is why the
              harbour has become a question about the whole budget. The parties agree on the sum and
              on little else.
            </p>
            <EmbeddedPoll poll={second} publicUrl={publicUrl} />
            <p>
              The vote on Tuesday is expected to be close. Whatever comes of it, the first change
              would be seen in May at the earliest: the paving stones have to be ordered by ship.
            </p>
            <EmbeddedPoll poll={third} publicUrl={publicUrl} theme="dark" />
            <aside>
              <h2>Before you go</h2>
              <p>The same poll as above, once more: a vote in one is a vote in both.</p>
              <EmbeddedPoll poll={first} publicUrl={publicUrl} />
            </aside>
            {first && (
              <details>
                <summary>How the poll got into this article</summary>
                <pre>{embedCode(publicUrl, first)}</pre>
              </details>
            )}
            {!first && <p class="standfirst">There is no poll yet. Create one in the studio.</p>}
          </article>
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${html.toString()}`;
}

interface PollProps {
  readonly poll: Poll | undefined;
  readonly publicUrl: string;
  readonly theme?: string;
}

/** The embed code without its script, which the page loads once. */
function EmbeddedPoll({ poll, publicUrl, theme }: PollProps) {
  if (!poll) return raw("");
  const code = embedCode(publicUrl, poll).replace(/^<script.*?<\/script>/, "");
  return raw(theme ? code.replace("<floodgate-poll", `<floodgate-poll theme="${theme}"`) : code);
}
