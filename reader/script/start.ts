/**
 * The script of readers' pages and embeds: votes without a reload, survives a bad connection, and keeps results
 * current. Without it, the same form posts and is redirected.
 */
import { attempt } from "./attempt.ts";
import { forEachCard, stateOf } from "./card.ts";
import { fitIntoArticle } from "./frame.ts";
import { followResults, type LiveUpdates } from "./live-updates.ts";
import { enableVoting } from "./send-vote.ts";
import { enableSharing } from "./share-buttons.ts";
import { reload, showLocalTimes } from "./times.ts";

attempt(fitIntoArticle);
// Where one of these fails, the page goes on without it, and the plain form stays.
forEachCard(card => {
  // Another release's script has taken the card over.
  if (card.dataset.script !== undefined) return;
  let live: LiveUpdates | undefined;
  attempt(() =>
    showLocalTimes(card, () => {
      if (live) live.refresh();
      else if (stateOf(card) === "scheduled") reload();
    }),
  );
  attempt(() => {
    live = followResults(card);
    enableVoting(card, live);
    enableSharing(card);
    card.dataset.script = "";
  });
});
