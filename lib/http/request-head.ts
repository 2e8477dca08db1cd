/**
 * A request without its body. A Web `Request` is one; on its hottest routes the front wraps Node's request
 * instead, which costs next to nothing (`server/node-request-head.ts`).
 */
export interface RequestHead {
  /** Absolute. */
  readonly url: string;
  /** Names are given in lower case. */
  readonly headers: Pick<Headers, "get" | "has">;
}
