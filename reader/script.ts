/**
 * The script of readers' pages and embeds: makes voting quicker and survive a bad connection, and keeps
 * what is shown current. Without it, the same form posts and is redirected.
 */
import { onEachCard } from "./script/card.ts";
import { fitIntoArticle } from "./script/frame.ts";
import { follow } from "./script/live.ts";
import { offerToShare } from "./script/share.ts";
import { sayTimesHere } from "./script/times.ts";
import { takeVotes } from "./script/vote.ts";

fitIntoArticle();
onEachCard(card => {
  sayTimesHere(card);
  const live = follow(card);
  takeVotes(card, live);
  offerToShare(card);
});
