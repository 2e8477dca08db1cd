/**
 * A voter's identity: a random number in a signed cookie.
 *
 * Voting sets the cookie; viewing a page does not. Its value is `v1.<16 bytes, base64url>.<MAC>`. The identity is
 * stored nowhere: memcached and MySQL get an HMAC of the identity and the poll, so there is no profile across polls.
 *
 * A vote without a cookie gets a new identity. If it has a ballot id (our own page's script always sends one), the
 * identity is derived from the ballot id: the first answer may get lost, and a retry must come from the same voter.
 * The ballot id is then as secret as the cookie: it is random, known to one browser, and never published.
 *
 * Where a browser keeps no cookies inside other sites' pages, the embed keeps the same number as a *token* in its own
 * storage and sends it in a header. Cookie and token have different MACs, so one can't be used as the other.
 *
 * Invariant: a valid cookie or token can't be made without the key.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { parse } from "hono/utils/cookie";
import { DAY } from "../base/clock.ts";
import { uuidOf } from "../model/ballot-id.ts";
import type { BallotId, PollId, VoterKey } from "../model/ids.ts";
import type { KnownSecrets, VoterSecrets } from "./voter-secrets.ts";

export interface Identity {
  /** 16 bytes. */
  readonly id: Buffer;
  /** The secret of the valid cookie or token that the request brought it in; `undefined` when it is new. */
  readonly signedBy: VoterSecrets | undefined;
}

/** Header that carries an embed's token, both ways; empty while the embed has none. */
export const voterHeader = "floodgate-voter";

const cookieVersion = "v1";
const tokenVersion = "t1";
const idBytes = 16;
const macBytes = 16;
const cookieDays = 400; // the most that browsers keep

/** Cookies of an https origin work inside other sites' pages; those of plain http do not. */
export function cookieName(publicUrl: string): string {
  return isSecure(publicUrl) ? "__Host-fg_voter" : "fg_voter";
}

const isSecure = (publicUrl: string): boolean => publicUrl.startsWith("https:");

/** `{version}.{id}.{MAC}`; the version tells cookie from token, and each has a key of its own. */
function sign(secrets: VoterSecrets, kind: string, id: Buffer): string {
  return `${kind}.${id.toString("base64url")}.${mac(secrets, kind, id).toString("base64url")}`;
}

function mac(secrets: VoterSecrets, kind: string, id: Buffer): Buffer {
  return (kind === cookieVersion ? secrets.cookie : secrets.token).digest(macBytes, id);
}

function verify(
  known: KnownSecrets,
  kind: string,
  value: string | undefined,
): Identity | undefined {
  const [prefix, idText, macText, more] = value?.split(".") ?? [];
  if (prefix !== kind || !idText || !macText || more !== undefined) return undefined;
  const id = Buffer.from(idText, "base64url");
  const given = Buffer.from(macText, "base64url");
  if (id.length !== idBytes || given.length !== macBytes) return undefined;
  const signedBy = known.all.find(secrets => timingSafeEqual(given, mac(secrets, kind, id)));
  return signedBy && { id, signedBy };
}

/** The identity in a `Cookie` header, or `undefined` when there is no valid one. */
export function readIdentity(
  known: KnownSecrets,
  publicUrl: string,
  cookieHeader: string | null,
): Identity | undefined {
  if (!cookieHeader) return undefined;
  const name = cookieName(publicUrl);
  return verify(known, cookieVersion, parse(cookieHeader, name)[name]);
}

/** The identity in a token, or `undefined` when it is not valid. */
export function readToken(known: KnownSecrets, token: string | null): Identity | undefined {
  return verify(known, tokenVersion, token ?? undefined);
}

/** The token that an embed keeps where it can keep no cookie. */
export function identityToken(secrets: VoterSecrets, id: Buffer): string {
  return sign(secrets, tokenVersion, id);
}

/**
 * A new identity: derived from the ballot id that the client chose, or random.
 *
 * @param secrets - the poll's, so that a retry gets the same identity while secrets rotate.
 */
export function mintIdentity(secrets: VoterSecrets, ballotId: BallotId | undefined): Identity {
  const id =
    ballotId === undefined
      ? randomBytes(idBytes)
      : secrets.voter.digest(idBytes, "mint\0", uuidOf(ballotId));
  return { id, signedBy: undefined };
}

/** An identity with the secret that its cookie or token is to be signed with; `undefined`: the browser has it already. */
export interface SignedIdentity extends Pick<Identity, "id"> {
  readonly signWith: VoterSecrets | undefined;
}

/**
 * How the answer to a vote hands the identity to the browser. The poll's secret signs it: every process that takes votes
 * for the poll knows it. A cookie under an older secret is replaced, so that the older one can be removed one day.
 */
export function signedFor(
  { id, signedBy }: Identity,
  secrets: VoterSecrets,
  known: KnownSecrets,
): SignedIdentity {
  const isCurrent = signedBy !== undefined && !known.isNewer(secrets, signedBy);
  return { id, signWith: isCurrent ? undefined : secrets };
}

/** Attributes that do not depend on the reader; the value needs no escaping. */
const always = `Max-Age=${(cookieDays * DAY) / 1000}; Path=/; HttpOnly`;
const overHttp = `; ${always}; SameSite=Lax`;
const overHttps = `; ${always}; Secure; SameSite=None; Partitioned`;

/** The `Set-Cookie` value that gives a browser its identity. */
export function identityCookie(secrets: VoterSecrets, publicUrl: string, id: Buffer): string {
  const attributes = isSecure(publicUrl) ? overHttps : overHttp;
  return `${cookieName(publicUrl)}=${sign(secrets, cookieVersion, id)}${attributes}`;
}

/** The voter key of an identity in one poll. @param secrets - the poll's. */
export function voterKey(
  secrets: VoterSecrets,
  poll: PollId,
  identity: Pick<Identity, "id">,
): VoterKey {
  const scope = Buffer.alloc(4);
  scope.writeUInt32BE(poll);
  return secrets.voter.digest(16, scope, identity.id).toString("hex") as VoterKey;
}

/**
 * A ballot id for a client that sent none. The same voter, choices and revision always get the same id, so a form that
 * is sent twice is one ballot.
 */
export function defaultBallotId(
  secrets: VoterSecrets,
  voter: VoterKey,
  choices: Uint8Array,
  revision: number,
): BallotId {
  const kind = revision === 0 ? "ballot\0" : `change ${revision}\0`;
  const hex = secrets.voter.digest(16, kind, Buffer.from(voter, "hex"), choices).toString("hex");
  // Version 8 and the variant's bits: a custom UUID by RFC 9562.
  return `${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17)}` as BallotId;
}
