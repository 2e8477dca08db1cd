/**
 * Who is voting: a random number in a signed cookie, and nothing else.
 *
 * The cookie is set by the act of voting, never by looking at a page. Its value is
 * `v1.<16 bytes, base64url>.<MAC>`; the identity in it is not stored anywhere: what gets into memcached
 * and MySQL is an HMAC of it and the poll, another one for each poll, so there is no profile across polls.
 *
 * A vote that brings no cookie gets a new identity. When it brings a ballot id (our own page's script
 * always does), the identity is derived from that: the answer to the first try may get lost, and the
 * retry must then be the same voter, not a second one. The ballot id is as secret as the cookie then: it
 * is random, known to one browser, and nothing we publish contains it.
 *
 * Where a browser keeps no cookie inside other sites' pages, the embed keeps the same number as a *token*
 * in its own storage, and sends it in a header. Cookie and token have different MACs: a script that gets
 * hold of one has not got the other.
 *
 * Invariant: nobody can make a valid cookie or token without the key.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { parse } from "hono/utils/cookie";
import { DAY } from "../base/clock.ts";
import { uuidOf } from "../model/ballot-id.ts";
import type { BallotId, PollId, VoterKey } from "../model/ids.ts";
import type { VoterSecrets } from "./voter-secrets.ts";

export interface Identity {
  /** 16 bytes. */
  readonly id: Buffer;
  /** It came with the request, in a valid cookie or token; otherwise it was made just now. */
  readonly known: boolean;
}

/** Header in which an embed sends its token, empty as long as it has none, and is given one. */
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

/** `{version}.{id}.{MAC}`: the version says what it is, and no MAC is good for another. */
function sign(secrets: VoterSecrets, kind: string, id: Buffer): string {
  return `${kind}.${id.toString("base64url")}.${mac(secrets, kind, id).toString("base64url")}`;
}

function mac(secrets: VoterSecrets, kind: string, id: Buffer): Buffer {
  return (kind === cookieVersion ? secrets.cookie : secrets.token).digest(macBytes, id);
}

function verify(
  secrets: VoterSecrets,
  kind: string,
  value: string | undefined,
): Identity | undefined {
  const [prefix, idText, macText, more] = value?.split(".") ?? [];
  if (prefix !== kind || !idText || !macText || more !== undefined) return undefined;
  const id = Buffer.from(idText, "base64url");
  const given = Buffer.from(macText, "base64url");
  if (id.length !== idBytes || given.length !== macBytes) return undefined;
  return timingSafeEqual(given, mac(secrets, kind, id)) ? { id, known: true } : undefined;
}

/** The identity in a `Cookie` header, or `undefined` when there is no valid one. */
export function readIdentity(
  secrets: VoterSecrets,
  publicUrl: string,
  cookieHeader: string | null,
): Identity | undefined {
  if (!cookieHeader) return undefined;
  const name = cookieName(publicUrl);
  return verify(secrets, cookieVersion, parse(cookieHeader, name)[name]);
}

/** The identity in a token, or `undefined` when it is not a valid one. */
export function readToken(secrets: VoterSecrets, token: string | null): Identity | undefined {
  return verify(secrets, tokenVersion, token ?? undefined);
}

/** The token that an embed keeps where it can keep no cookie. */
export function identityToken(secrets: VoterSecrets, id: Buffer): string {
  return sign(secrets, tokenVersion, id);
}

/** A new identity: derived from the ballot id that the client chose, or random. */
export function mintIdentity(secrets: VoterSecrets, ballotId: BallotId | undefined): Identity {
  if (ballotId === undefined) return { id: randomBytes(idBytes), known: false };
  return { id: secrets.voter.digest(idBytes, "mint\0", uuidOf(ballotId)), known: false };
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

/** The voter key of an identity in one poll. */
export function voterKey(secrets: VoterSecrets, poll: PollId, identity: Identity): VoterKey {
  const scope = Buffer.alloc(4);
  scope.writeUInt32BE(poll);
  return secrets.voter.digest(16, scope, identity.id).toString("hex") as VoterKey;
}

/**
 * A ballot id for a client that sent none: the same voter with the same choices gets the same one, so a
 * form that is sent twice is one ballot; a change gets another one than a ballot of the same choices before it.
 */
export function defaultBallotId(
  secrets: VoterSecrets,
  voter: VoterKey,
  choices: Uint8Array,
  revision: number,
): BallotId {
  const kind = revision === 0 ? "ballot\0" : `change ${revision}\0`;
  const hex = secrets.voter.digest(16, kind, Buffer.from(voter, "hex"), choices).toString("hex");
  // Version 8 and the variant's bits, as RFC 9562 has them for UUIDs of one's own making.
  return `${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17)}` as BallotId;
}
