/**
 * Says addresses where controls do not work. A frame that another page has sandboxed may be forbidden to open tabs, or
 * opens them with the same restrictions, and the browser says nothing.
 */
import { isolated } from "../words/outcome-sentence.ts";
import { say, showMessage, speakerOf } from "./card.ts";

/** A sandboxed document may not set `document.domain`; elsewhere, setting it to its own value has no effect. */
export function isSandboxed(): boolean {
  try {
    // biome-ignore lint/correctness/noSelfAssign: only the exception matters
    document.domain = document.domain;
    return false;
  } catch {
    return true;
  }
}

export function sayAddress(card: HTMLElement, url: string): void {
  const address = isolated(url.replace(/^\w+:\/\//, ""), speakerOf(card).rightToLeft);
  showMessage(card, "warn", say(card, "elsewhere", { address }));
}

/** After a click on a link to a new tab that may not open, its address is there to read. */
export function explainBlockedLinks(card: HTMLElement): void {
  card.addEventListener("click", ({ target }) => {
    const link = (target as Element).closest<HTMLAnchorElement>("a[target]");
    if (link && isSandboxed()) sayAddress(card, link.href);
  });
}
