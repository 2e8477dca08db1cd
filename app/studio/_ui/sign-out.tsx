"use client";

import { useRouter } from "next/navigation";
import { useState } from "react";

/** Ends the session on the server, then goes to the sign-in page. */
export function SignOut() {
  const router = useRouter();
  const [leaving, setLeaving] = useState(false);
  const leave = async () => {
    setLeaving(true);
    await fetch("/api/auth/sign-out", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    router.push("/studio/sign-in");
    router.refresh();
  };
  return (
    <button
      type="button"
      onClick={() => void leave()}
      disabled={leaving}
      className="ml-auto min-h-11 text-sm underline underline-offset-4 sm:ml-0"
    >
      Sign out
    </button>
  );
}
