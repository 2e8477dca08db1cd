/**
 * Polls in frames that publishing systems sandbox. In each of them a reader votes once, or reads the address to vote
 * at; a link that can't open a tab is followed by its address in words.
 */
import type { FrameLocator, Page } from "playwright/test";
import { frame as frameAt, test } from "./support/elsewhere.ts";
import { expect } from "./support/fixtures.ts";

interface Frame {
  readonly sandbox: string | undefined;
  /** A vote is counted; otherwise the frame says where to vote. */
  readonly votes: boolean;
  /** Links open tabs in which our pages work. */
  readonly opens?: boolean;
}

const frames: readonly Frame[] = [
  { sandbox: undefined, votes: true, opens: true },
  { sandbox: "", votes: false },
  { sandbox: "allow-forms", votes: false },
  { sandbox: "allow-forms allow-same-origin", votes: true },
  { sandbox: "allow-scripts", votes: false },
  { sandbox: "allow-scripts allow-forms", votes: false },
  { sandbox: "allow-scripts allow-popups", votes: false },
  { sandbox: "allow-scripts allow-same-origin", votes: true },
  { sandbox: "allow-scripts allow-same-origin allow-forms", votes: true },
  { sandbox: "allow-scripts allow-same-origin allow-popups", votes: true },
  {
    sandbox: "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    votes: true,
    opens: true,
  },
];

async function choose(poll: FrameLocator, kind: string): Promise<void> {
  if (kind === "choice") await poll.getByLabel("No", { exact: true }).check();
  else {
    const row = poll.locator(".poll-ranked").first();
    const select = row.locator("select");
    if (await select.isVisible()) await select.selectOption({ index: 1 });
    else await row.click();
  }
}

/** Follows a link: its page opens, or its address is there to read. */
async function follow(page: Page, poll: FrameLocator, name: string, opens: boolean): Promise<void> {
  const link = poll.getByRole("link", { name });
  const address = new URL((await link.getAttribute("href")) ?? "", "https://localhost");
  if (!opens) {
    await link.click();
    // With a visible address, and not only in the link.
    await expect(poll.getByText(address.pathname).first()).toBeVisible();
    return;
  }
  const opened = page.context().waitForEvent("page");
  await link.click();
  const tab = await opened;
  await expect(tab.locator("main")).toBeVisible();
  expect(new URL(tab.url()).pathname).toBe(address.pathname);
  await tab.close();
}

for (const kind of ["choice", "ranked"]) {
  test(`a reader votes, or reads where to vote, in every sandbox: ${kind}`, async ({
    site,
    page,
    secureArticles,
    request,
    newPoll,
  }) => {
    test.setTimeout(120_000);
    const host = `localhost:${site.secure.tlsPort}`;
    const input = { kind, ...(kind === "ranked" && { choicesMax: 4 }) };
    const slugs = await Promise.all(frames.map(() => newPoll(input)));
    const iframes = frames.map(({ sandbox }, index) => {
      const attribute = sandbox === undefined ? "" : `sandbox="${sandbox}"`;
      return `<iframe title="Poll ${index}" width="390" height="600" ${attribute}
        src="https://${host}/embed/${slugs[index]}"></iframe>`;
    });
    await page.goto(secureArticles.publish(`<!doctype html><title>x</title>${iframes.join("")}`));
    for (const [index, { sandbox, votes, opens = false }] of frames.entries()) {
      await test.step(`sandbox="${sandbox}"`, async () => {
        const poll = frameAt(page, index);
        const button = poll.getByRole("button", { name: "Vote" });
        const elsewhere = poll.getByRole("link", { name: "Vote at The Harbour Post" });
        await expect(button.or(elsewhere)).toBeVisible();
        if (await button.isVisible()) {
          await choose(poll, kind);
          await button.click();
        }
        if (votes) await expect(poll.getByText("Your vote is in. Thank you.")).toBeVisible();
        else await expect(poll.locator("main")).toContainText(`${host}/p/${slugs[index]}`);
        // The links are the same for all kinds of polls.
        if (kind !== "choice") return;
        const link = votes ? "Receipt for your vote" : "This poll at The Harbour Post";
        await follow(page, poll, link, opens);
        const copy = poll.getByRole("button", { name: "Copy" });
        if (await copy.isVisible()) {
          await copy.click();
          const address = poll.getByText(`${host}/p/${slugs[index]}/results`);
          await expect(poll.getByText("Copied").or(address).first()).toBeVisible();
        }
      });
    }
    await expect(async () => {
      const counts = slugs.map(async slug => {
        const answer = await request.get(`${site.url}/api/polls/${slug}/results`);
        return (await answer.json()).ballots;
      });
      expect(await Promise.all(counts)).toEqual(frames.map(({ votes }) => (votes ? 1 : 0)));
    }).toPass();
  });
}
