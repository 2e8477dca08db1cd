/**
 * What is looked at of a request, its body apart. A Web `Request` is one; on its hottest route, the front
 * makes one of Node's request, which costs next to nothing (`server/fast-vote.ts`).
 */
export interface RequestHead {
  /** Absolute. */
  readonly url: string;
  /** Asked by names in lower case. */
  readonly headers: Pick<Headers, "get" | "has">;
}
