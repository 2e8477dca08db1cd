/**
 * Editors' sign-in: better-auth on our MySQL, with our names for its tables. The library does sessions, cookies and
 * password hashing; the rate limits are ours.
 *
 * There is no sign-up. An operator adds editors with `floodgate editor add`, which prints a one-time link
 * (`password-links.ts`); `floodgate seed` creates the first editor of a trial.
 */
import { betterAuth } from "better-auth";
import { APIError } from "better-auth/api";
import { inTime, MINUTE, monotonicMs, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { clientAddressHeader } from "../http/headers.ts";
import type { Store } from "../store/database.ts";
import type { EditorRole } from "../store/editors.ts";
import { deriveKey, type SecretSettings, secretDigest } from "../voters/voter-secrets.ts";
import { askMysql, patienceMs, tooSlow } from "./ask-mysql.ts";
import { type Editor, editorName } from "./named-editor.ts";
import { passwordLengthMax, passwordLengthMin } from "./password-length.ts";
import { PasswordLinks } from "./password-links.ts";
import type { SignInAttempts } from "./sign-in-attempts.ts";
import { resignedCookies } from "./signed-cookies.ts";

export interface AuthDeps {
  readonly store: Store;
  readonly attempts: SignInAttempts;
  readonly publicUrl: string;
  readonly secrets: SecretSettings;
  /** Names the secret that sessions are signed with. May throw StoreFailure. */
  readonly secretForSessions: () => Promise<string>;
}

const perAddress = { windowSeconds: 60, max: 10 };
const perAccount = { windowSeconds: 300, max: 20 };
const otherCallsPerMinute = 120;
const signerMs = 5 * SECOND;
const signerPatienceMs = 0.6 * SECOND;

const timestamps = { createdAt: "created_at", updatedAt: "updated_at" } as const;

const keyOf = (secret: string) => deriveKey(secret, "editor sessions").toString("hex");

/** Checks the name of an editor, whichever of the library's routes sets it. */
async function withCheckedName(change: { readonly name?: unknown }) {
  if (change.name === undefined) return;
  const name = editorName.safeParse(change.name);
  if (name.success) return { data: { name: name.data } };
  throw APIError.fromStatus("BAD_REQUEST", {
    message: `The name ${name.error.issues[0]?.message}.`,
  });
}

function build(deps: AuthDeps, key: string) {
  return betterAuth({
    appName: "Floodgate",
    baseURL: deps.publicUrl,
    basePath: "/api/auth",
    secret: key,
    database: deps.store.forSignIn,
    telemetry: { enabled: false },
    logger: { disabled: true },
    databaseHooks: {
      user: { create: { before: withCheckedName }, update: { before: withCheckedName } },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLengthMin,
      maxPasswordLength: passwordLengthMax,
      revokeSessionsOnPasswordReset: true,
    },
    rateLimit: {
      enabled: true,
      window: 60,
      max: otherCallsPerMinute,
      customRules: {
        "/sign-in/*": { window: perAddress.windowSeconds, max: perAddress.max },
      },
      customStorage: {
        consume: async (key, { window, max }) => {
          const verdict = await deps.attempts.tryTake(key, { windowSeconds: window, max });
          return { allowed: verdict.allowed, retryAfter: verdict.retryAfterSeconds };
        },
      },
    },
    advanced: {
      cookiePrefix: "fg",
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
    },
    session: {
      modelName: "editor_sessions",
      expiresIn: 7 * 24 * 3600,
      fields: {
        ...timestamps,
        userId: "editor_id",
        expiresAt: "expires_at",
        ipAddress: "ip_address",
        userAgent: "user_agent",
      },
    },
    user: {
      modelName: "editors",
      fields: { ...timestamps, emailVerified: "email_verified" },
      additionalFields: {
        role: { type: "string", required: false, input: false, defaultValue: "editor" },
      },
    },
    account: {
      modelName: "editor_accounts",
      fields: {
        ...timestamps,
        userId: "editor_id",
        accountId: "account_id",
        providerId: "provider_id",
        accessToken: "access_token",
        refreshToken: "refresh_token",
        idToken: "id_token",
        accessTokenExpiresAt: "access_token_expires_at",
        refreshTokenExpiresAt: "refresh_token_expires_at",
      },
    },
    verification: {
      modelName: "editor_verifications",
      storeIdentifier: "hashed",
      fields: { ...timestamps, expiresAt: "expires_at" },
    },
  });
}

/** The library under one secret: it signs and verifies with that one only. */
interface Signer {
  /** The secret's digest. */
  readonly digest: string;
  readonly key: string;
  readonly auth: ReturnType<typeof build>;
}

export class Auth {
  readonly #signers: readonly [Signer, ...Signer[]];
  readonly #keys: readonly string[];
  readonly #attempts: SignInAttempts;
  /** Links at which editors set their passwords. */
  readonly passwordLinks: PasswordLinks;
  readonly #secretForSessions: AuthDeps["secretForSessions"];
  #current: { readonly signer: Signer; readonly readAtMs: number } | undefined;

  constructor(deps: AuthDeps) {
    const signerOf = (secret: string): Signer => {
      const key = keyOf(secret);
      return { digest: secretDigest(secret), key, auth: build(deps, key) };
    };
    const { secret, previousSecrets } = deps.secrets;
    this.#signers = [signerOf(secret), ...previousSecrets.map(signerOf)];
    this.#keys = this.#signers.map(({ key }) => key);
    this.#attempts = deps.attempts;
    const { auth } = this.#signers[0];
    this.passwordLinks = new PasswordLinks(() => auth.$context, deps.publicUrl);
    this.#secretForSessions = deps.secretForSessions;
  }

  /** The library under the secret that sessions are signed with. Costs a query every five seconds while secrets rotate. */
  async #signer(): Promise<Signer> {
    const [newest] = this.#signers;
    if (this.#signers.length === 1) return newest;
    if (this.#current && monotonicMs() - this.#current.readAtMs < signerMs) {
      return this.#current.signer;
    }
    const wanted = await askMysql(this.#secretForSessions(), signerPatienceMs);
    const signer = this.#signers.find(({ digest }) => digest === wanted) ?? newest;
    this.#current = { signer, readAtMs: monotonicMs() };
    return signer;
  }

  /** The headers of a request, with session cookies as the library under `key` signs them. */
  #readableBy({ key }: Signer, headers: Headers): Headers {
    const cookies = headers.get("cookie");
    if (cookies === null || this.#signers.length === 1) return headers;
    const readable = new Headers(headers);
    readable.set("cookie", resignedCookies(cookies, key, this.#keys));
    return readable;
  }

  /**
   * Answers the library's routes, `/api/auth/**`. The library limits sign-ins for each address; this limits them for
   * each account.
   *
   * @throws FloodgateError `rate_limited`; `mysql_unavailable` when the library failed, because it reports no cause and
   *   depends only on MySQL.
   */
  async handle(request: Request): Promise<Response> {
    if (request.method === "POST" && new URL(request.url).pathname.endsWith("/sign-in/email")) {
      const email = await emailIn(request.clone());
      const verdict = await this.#attempts.tryTake(`account ${email}`, perAccount);
      if (!verdict.allowed) {
        throw new FloodgateError("rate_limited", {
          detail: "Too many attempts to sign in to this account.",
          retryAfterMs: Math.min(verdict.retryAfterSeconds * 1000, 5 * MINUTE),
        });
      }
    }
    const signer = await this.#signer();
    const headers = this.#readableBy(signer, request.headers);
    const readable = headers === request.headers ? request : new Request(request, { headers });
    const answer = await inTime(signer.auth.handler(readable), patienceMs, tooSlow);
    if (answer.status >= 500) throw new FloodgateError("mysql_unavailable");
    return answer;
  }

  /** The editor whose session cookie is in `headers`. One query. Throws `mysql_unavailable` as `handle` does. */
  async editorOf(headers: Headers): Promise<Editor | undefined> {
    if (!headers.get("cookie")) return undefined;
    const signer = await this.#signer();
    const readable = this.#readableBy(signer, headers);
    const session = await askMysql(signer.auth.api.getSession({ headers: readable }));
    if (!session) return undefined;
    const { id, name, email } = session.user;
    return { id, name, email };
  }

  /**
   * Creates an editor who signs in with `password`; without one, with a link's.
   *
   * @throws the driver's error when there is an editor with this address.
   */
  async createEditor(
    editor: Omit<Editor, "id"> & { readonly role: EditorRole },
    password?: string,
  ): Promise<Editor> {
    const context = await this.#signers[0].auth.$context;
    const { length } = password ?? "".padEnd(passwordLengthMin);
    if (length < passwordLengthMin || length > passwordLengthMax) {
      throw new RangeError(
        `a password has ${passwordLengthMin} to ${passwordLengthMax} characters`,
      );
    }
    const created = await context.internalAdapter.createUser(
      { ...editor, emailVerified: true },
      { method: "admin" },
    );
    if (password !== undefined) {
      await context.internalAdapter.linkAccount({
        userId: created.id,
        accountId: created.id,
        providerId: "credential",
        password: await context.password.hash(password),
      });
    }
    return { id: created.id, name: created.name, email: created.email };
  }
}

async function emailIn(request: Request): Promise<string> {
  const body: unknown = await request.json().catch(() => undefined);
  const email = (body as { email?: unknown } | undefined)?.email;
  return typeof email === "string" ? email.trim().toLowerCase().slice(0, 320) : "";
}
