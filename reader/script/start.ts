/**
 * The script of readers' pages and embeds: makes voting quicker and survive a bad connection, and keeps
 * what is shown current. Without it, the same form posts and is redirected.
 */
import { onEachCard } from "./card.ts";
import { fitIntoArticle } from "./frame.ts";
import { follow } from "./live-updates.ts";
import { takeVotes } from "./send-vote.ts";
import { offerToShare } from "./share-buttons.ts";
import { sayTimesHere } from "./times.ts";

fitIntoArticle();
onEachCard(card => {
  sayTimesHere(card);
  const live = follow(card);
  takeVotes(card, live);
  offerToShare(card);
});
