"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "../_ui/button.tsx";
import { TextField } from "../_ui/field.tsx";

/** The error text for an answer of the sign-in route. */
function problemText(response: Response, studio: string): string {
  if (response.status === 429) {
    return "Too many sign-in attempts. Wait a minute, then try again.";
  }
  if (response.status === 503) return "Sign-in is unavailable right now. Try again in a moment.";
  // The sign-in library refuses every origin but `PUBLIC_URL`.
  if (response.status === 403)
    return `Sign-in only works at the studio’s own address. Go to ${studio}`;
  return "Wrong email address or password.";
}

interface SignInFormProps {
  /** The address where editors can sign in. */
  readonly studio: string;
  /** The page of the studio to go to afterwards. */
  readonly next: string;
}

export function SignInForm({ studio, next }: SignInFormProps) {
  const router = useRouter();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const form = new FormData(event.currentTarget);
    const response = await fetch("/api/auth/sign-in/email", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: form.get("email"), password: form.get("password") }),
    }).catch(() => undefined);
    if (response?.ok) {
      router.push(next);
      router.refresh();
      return;
    }
    setBusy(false);
    setProblem(
      response
        ? problemText(response, studio)
        : "The studio can’t be reached. Check your connection and try again.",
    );
  };

  return (
    <form method="post" onSubmit={event => void submit(event)} className="flex flex-col gap-4">
      <TextField label="Email" name="email" type="email" autoComplete="username" required />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <p role="alert" className="min-h-6 text-sm text-bad">
        {problem}
      </p>
      <Button type="submit" disabled={busy}>
        {busy ? "Signing in …" : "Sign in"}
      </Button>
    </form>
  );
}
