import type { Metadata } from "next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { getFront } from "#lib/web/front.ts";
import { pollPage } from "../../../../_data/poll-page.ts";
import { requireSignIn } from "../../../../_data/signed-in-editor.ts";
import { EditPollForm } from "../../../../_ui/poll-form.tsx";

export const metadata: Metadata = { title: "Edit poll" };

interface Props {
  readonly params: Promise<{ readonly poll: string }>;
}

/** Edits a poll that readers can't vote in yet. */
export default async function EditPollPage({ params }: Props) {
  const editor = await requireSignIn();
  const found = await pollPage((await params).poll);
  if (!found) notFound();
  const { reference, values, state } = found;
  const isBefore = state === "draft" || state === "scheduled";
  return (
    <>
      <p className="mb-4 text-sm">
        <Link href={`/studio/polls/${reference.slug}`} className="underline underline-offset-4">
          Back to the poll
        </Link>
      </p>
      {!isBefore && (
        <p className="mb-4 border-l-4 border-warn pl-3">
          The poll has been opened, so its question and options can’t be changed any more.
        </p>
      )}
      <EditPollForm
        title="Edit poll"
        editor={editor.id}
        timeZone={getFront().config.timeZone}
        poll={reference}
        values={values}
      />
    </>
  );
}
