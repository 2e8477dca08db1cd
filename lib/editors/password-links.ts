/**
 * One-time links at which editors set their passwords.
 *
 * Invariant: a copy of the database opens no link. The library stores the digest of a link's token.
 */
import { randomBytes } from "node:crypto";
import { HOUR, wallMs } from "../base/clock.ts";
import { askMysql } from "./ask-mysql.ts";
import type { Editor } from "./named-editor.ts";

/** How long a link to set a password works. */
const linkMs = 24 * HOUR;

export interface PasswordLink {
  readonly url: string;
  readonly expiresAt: Date;
}

interface StoredLink {
  /** The editor's id. */
  value: string;
  expiresAt: Date;
}

/** What is used of the sign-in library. */
interface Context {
  readonly adapter: {
    deleteMany(query: {
      model: string;
      where: { readonly field: string; readonly value: string }[];
    }): Promise<number>;
  };
  readonly internalAdapter: {
    createVerificationValue(link: StoredLink & { identifier: string }): Promise<unknown>;
    findVerificationValue(identifier: string): Promise<StoredLink | null>;
    findUserById(id: string): Promise<Editor | null>;
  };
}

export class PasswordLinks {
  readonly #context: () => Promise<Context>;
  readonly #publicUrl: string;

  /** @param context - the sign-in library's. */
  constructor(context: () => Promise<Context>, publicUrl: string) {
    this.#context = context;
    this.#publicUrl = publicUrl;
  }

  /** Makes the link at which an editor sets a password, once. Earlier links of the editor end. */
  async create({ id }: Pick<Editor, "id">): Promise<PasswordLink> {
    const { adapter, internalAdapter } = await this.#context();
    await adapter.deleteMany({ model: "verification", where: [{ field: "value", value: id }] });
    const token = randomBytes(32).toString("base64url");
    const expiresAt = new Date(wallMs() + linkMs);
    await internalAdapter.createVerificationValue({
      identifier: linkIdentifier(token),
      value: id,
      expiresAt,
    });
    return { url: `${this.#publicUrl}/studio/set-password?token=${token}`, expiresAt };
  }

  /**
   * The editor who may set a password with a link's token; `undefined` when it was used or has expired.
   *
   * @throws FloodgateError `mysql_unavailable`.
   */
  ownerOf(token: string): Promise<Editor | undefined> {
    return askMysql(this.#findOwner(token));
  }

  async #findOwner(token: string): Promise<Editor | undefined> {
    const { internalAdapter } = await this.#context();
    const link = await internalAdapter.findVerificationValue(linkIdentifier(token));
    if (!link || link.expiresAt.getTime() < wallMs()) return undefined;
    const editor = await internalAdapter.findUserById(link.value);
    return editor ? { id: editor.id, name: editor.name, email: editor.email } : undefined;
  }
}

/** As the library's route `/reset-password` looks for it. */
const linkIdentifier = (token: string): string => `reset-password:${token}`;
