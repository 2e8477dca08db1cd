/** What commands about editors and their API tokens need: MySQL, and the sign-in library over it. */
import { z } from "zod";
import { SECOND } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import type { lineOfText } from "#lib/base/written-text.ts";
import type { Config } from "#lib/config/config.ts";
import { Auth } from "#lib/editors/auth.ts";
import { SignInAttempts } from "#lib/editors/sign-in-attempts.ts";
import { sharedSecret } from "#lib/fleet/secret-rotation.ts";
import { UsageError } from "#lib/program/command-line.ts";
import { type Connections, connectServers } from "#lib/program/connections.ts";
import type { Store } from "#lib/store/database.ts";
import { findEditor } from "#lib/store/editors.ts";
import { operatorSettings } from "./operator-settings.ts";

const statementMsMax = 10 * SECOND;

/** The sign-in library with the servers of a command. */
export function signIn(config: Config, { store, placement }: Connections): Auth {
  return new Auth({
    store,
    attempts: new SignInAttempts(placement),
    publicUrl: config.publicUrl,
    secrets: config,
    secretForSessions: () => sharedSecret(store, config),
  });
}

/** Runs a command with MySQL and the sign-in library, and closes both. */
export async function withSignIn<T>(work: (store: Store, auth: Auth) => Promise<T>): Promise<T> {
  const { config } = operatorSettings();
  const limits = { connectionsMax: 1, statementMs: statementMsMax };
  const connections = connectServers(config, createLog("editor", "silent"), limits);
  try {
    return await work(connections.store, signIn(config, connections));
  } finally {
    await connections.close();
  }
}

/** The only argument of a command. @throws UsageError when there is another number of them. */
export function onlyOne(names: readonly string[], what: string): string {
  const [name] = names;
  if (name === undefined || names.length > 1) throw new UsageError(`it needs ${what}`);
  return name;
}

/** A name as it is stored. @throws UsageError that says what is wrong with it. */
export function readName(text: string, type: ReturnType<typeof lineOfText>): string {
  const read = type.safeParse(text);
  if (read.success) return read.data;
  throw new UsageError(`the name ${read.error.issues[0]?.message}`);
}

/** An address as it is stored. @throws UsageError when it is none. */
export function readEmail(names: readonly string[]): string {
  const email = onlyOne(names, "one email address").trim().toLowerCase();
  if (!z.email().max(255).safeParse(email).success) {
    throw new UsageError(`"${email}" is not an email address`);
  }
  return email;
}

/** @throws UsageError when no editor has this address. */
export async function editorWith(store: Store, email: string): Promise<{ readonly id: string }> {
  const editor = await findEditor(store, email);
  if (!editor) throw new UsageError(`no editor has the address ${email}`);
  return editor;
}
