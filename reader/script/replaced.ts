/** What happens when the card's poll is no longer the one that has its slug. */
import { inArticle, langQuery, slugOf } from "./card.ts";

/** True on the page that `showReplacement` leads to. */
export const saysReplaced = location.search.includes("replaced");

/** Leads to the poll as it is now; the page says that the earlier one is gone. */
export function showReplacement(card: HTMLElement): void {
  const query = langQuery ? `${langQuery}&` : "?";
  location.replace(`/${inArticle ? "embed" : "p"}/${slugOf(card)}${query}replaced`);
}
