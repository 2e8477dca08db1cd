"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "../_ui/button.tsx";
import { TextField } from "../_ui/field.tsx";

interface SetPasswordFormProps {
  readonly email: string;
  readonly token: string;
  /** Fewest characters of a password. */
  readonly lengthMin: number;
  /** Most characters of a password. */
  readonly lengthMax: number;
  /** The address where editors can sign in. */
  readonly studio: string;
}

const unreachable = "The studio can’t be reached. Check your connection and try again.";

const post = (path: string, body: object) =>
  fetch(`/api/auth/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => undefined);

/** The error text for an answer that did not set the password. */
async function problemText(response: Response, props: SetPasswordFormProps): Promise<string> {
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  if (code === "PASSWORD_TOO_SHORT")
    return `A password has at least ${props.lengthMin} characters.`;
  if (code === "PASSWORD_TOO_LONG") {
    return `A password has at most ${props.lengthMax} characters.`;
  }
  if (response.status === 429) return "Too many attempts. Wait a minute, then try again.";
  if (response.status === 503) return "The studio is unavailable right now. Try again in a moment.";
  // The sign-in library refuses every origin but `PUBLIC_URL`.
  if (response.status === 403)
    return `This only works at the studio’s own address: ${props.studio}`;
  return "This link no longer works. Ask the operator of this site for a new one.";
}

export function SetPasswordForm(props: SetPasswordFormProps) {
  const { email, token, lengthMin, lengthMax } = props;
  const router = useRouter();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);

  /** Sets the password and signs in. Gives what went wrong. */
  const save = async (password: string): Promise<string | undefined> => {
    const response = await post("reset-password", { newPassword: password, token });
    if (!response) return unreachable;
    if (!response.ok) return problemText(response, props);
    const signedIn = await post("sign-in/email", { email, password });
    router.push(signedIn?.ok ? "/studio" : "/studio/sign-in");
    router.refresh();
    return undefined;
  };

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const text = await save(String(new FormData(event.currentTarget).get("password")));
    if (text === undefined) return;
    setProblem(text);
    setBusy(false);
  };

  return (
    <form method="post" onSubmit={event => void submit(event)} className="flex flex-col gap-4">
      <TextField
        label="Email"
        name="email"
        type="email"
        autoComplete="username"
        value={email}
        readOnly
      />
      <TextField
        label="Password"
        hint={`At least ${lengthMin} characters. Four or five words are easy to remember.`}
        name="password"
        type={shown ? "text" : "password"}
        autoComplete="new-password"
        minLength={lengthMin}
        maxLength={lengthMax}
        required
      />
      <label className="flex min-h-11 items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-5"
          checked={shown}
          onChange={event => setShown(event.currentTarget.checked)}
        />
        Show the password
      </label>
      <p role="alert" className="min-h-6 text-sm text-bad">
        {problem}
      </p>
      <Button type="submit" disabled={busy}>
        {busy ? "Saving …" : "Set password and sign in"}
      </Button>
    </form>
  );
}
