import { randomUUID } from "node:crypto";
import type { Metadata } from "next";
import { getFront } from "#lib/web/front.ts";
import { requireSignIn } from "../../_data/signed-in-editor.ts";
import { NewPollForm } from "../../_ui/poll-form.tsx";

export const metadata: Metadata = { title: "New poll" };

export default async function NewPollPage() {
  const editor = await requireSignIn();
  const { timeZone } = getFront().config;
  return (
    <NewPollForm
      title="New poll"
      editor={editor.id}
      timeZone={timeZone}
      creationKey={randomUUID()}
    />
  );
}
