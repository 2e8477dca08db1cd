"use client";

import { useRouter } from "next/navigation";
import { useState } from "react";
import type { Ask } from "../_data/form-state.ts";
import { AskDialog } from "./form/ask-dialog.tsx";
import { countTexts, dropTextsOf } from "./form/kept-text.ts";

function askToDelete(texts: number): Ask {
  const forms = texts === 1 ? "one form" : `${texts} forms`;
  return {
    title: "Sign out and delete what you typed?",
    consequence: `What you typed in ${forms} is not saved, and is kept on this device only. Signing out deletes it, because others may use this device.`,
    label: "Sign out and delete",
    isDanger: true,
  };
}

/**
 * Ends the session on the server, then goes to the sign-in page. What the editor typed and did not save does not stay on
 * the device; this is asked about.
 */
export function SignOut({ editor }: { editor: string }) {
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const [ask, setAsk] = useState<Ask>();
  const [hasFailed, setFailed] = useState(false);
  const leave = async () => {
    setBusy(true);
    setFailed(false);
    const answer = await fetch("/api/auth/sign-out", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    }).catch(() => undefined);
    setBusy(false);
    setAsk(undefined);
    if (!answer?.ok) {
      setFailed(true);
      return;
    }
    dropTextsOf(editor);
    router.push("/studio/sign-in");
    router.refresh();
  };
  const start = () => {
    const texts = countTexts(editor);
    if (texts > 0) setAsk(askToDelete(texts));
    else void leave();
  };
  return (
    <>
      <button
        type="button"
        onClick={start}
        disabled={busy}
        className="ml-auto min-h-11 text-sm underline underline-offset-4 sm:ml-0"
      >
        Sign out
      </button>
      {hasFailed && (
        <p role="alert" className="basis-full pb-3 text-sm text-bad">
          The studio can’t be reached, so you are still signed in. Try again in a moment.
        </p>
      )}
      {ask && (
        <AskDialog
          ask={ask}
          problem={undefined}
          busy={busy}
          onConfirm={() => void leave()}
          onCancel={() => setAsk(undefined)}
        />
      )}
    </>
  );
}
