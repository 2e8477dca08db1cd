/**
 * The script of readers' pages and embeds: votes without a reload, survives a bad connection, and keeps results
 * current. Without it, the same form posts and is redirected.
 */
import { attempt } from "./attempt.ts";
import { forEachCard } from "./card.ts";
import { fitIntoArticle } from "./frame.ts";
import { followResults } from "./live-updates.ts";
import { enableVoting } from "./send-vote.ts";
import { enableSharing } from "./share-buttons.ts";
import { showLocalTimes } from "./times.ts";

attempt(fitIntoArticle);
// Where one of these fails, the page goes on without it, and the plain form stays.
forEachCard(card => {
  attempt(() => showLocalTimes(card));
  attempt(() => {
    enableVoting(card, followResults(card));
    enableSharing(card);
    card.dataset.script = "";
  });
});
