/**
 * The script of readers' pages and embeds: votes without a reload, survives a bad connection, and keeps results
 * current. Without it, the same form posts and is redirected.
 */
import { forEachCard } from "./card.ts";
import { fitIntoArticle } from "./frame.ts";
import { followResults } from "./live-updates.ts";
import { enableVoting } from "./send-vote.ts";
import { enableSharing } from "./share-buttons.ts";
import { showLocalTimes } from "./times.ts";

fitIntoArticle();
forEachCard(card => {
  showLocalTimes(card);
  const live = followResults(card);
  enableVoting(card, live);
  enableSharing(card);
});
