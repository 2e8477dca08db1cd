"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "../_ui/button.tsx";
import { TextField } from "../_ui/field.tsx";

/** What an answer of the sign-in route means to a person. */
function sayProblem(response: Response, studio: string): string {
  if (response.status === 429) {
    return "Too many attempts. Please wait a minute before you try again.";
  }
  if (response.status === 503)
    return "Sign-in does not work right now. Please try again in a moment.";
  // The sign-in library refuses any origin but our own.
  if (response.status === 403) return `Sign in at the studio's own address: ${studio}`;
  return "That e-mail address and password do not go together.";
}

/** @param studio - the address at which editors may sign in. */
export function SignInForm({ studio }: { readonly studio: string }) {
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
      router.push("/studio");
      router.refresh();
      return;
    }
    setBusy(false);
    setProblem(
      response ? sayProblem(response, studio) : "The studio can't be reached. Are you online?",
    );
  };

  return (
    <form method="post" onSubmit={event => void submit(event)} className="flex flex-col gap-4">
      <TextField label="E-mail" name="email" type="email" autoComplete="username" required />
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
