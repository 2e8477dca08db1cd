import type { Metadata } from "next";
import { getFront } from "#lib/web/front.ts";
import { PollForm } from "../../_ui/poll-form.tsx";

export const metadata: Metadata = { title: "New poll" };

export default function NewPollPage() {
  return <PollForm timeZone={getFront().config.timeZone} />;
}
