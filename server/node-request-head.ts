/** Node's request as a `RequestHead`, for answers without a Web `Request`. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { RequestHead } from "#lib/http/request-head.ts";

const plainHost = /^[a-z0-9.-]+(?::\d+)?$/i;

/** True for a request with a usual `Host` and a path; others are left to the Web `Request`, which checks them. */
export function isPlain({ headers, url }: IncomingMessage): boolean {
  return plainHost.test(headers.host ?? "") && url?.startsWith("/") === true;
}

export class NodeRequestHead implements RequestHead {
  readonly #headers: IncomingHttpHeaders;
  readonly #path: string;

  constructor({ headers, url = "/" }: IncomingMessage) {
    this.#headers = headers;
    this.#path = url;
  }

  get url(): string {
    return `http://${this.#headers.host}${this.#path}`;
  }

  get headers(): RequestHead["headers"] {
    return this;
  }

  get(name: string): string | null {
    const value = this.#headers[name];
    return (Array.isArray(value) ? value.join(", ") : value) ?? null;
  }

  has(name: string): boolean {
    return this.#headers[name] !== undefined;
  }
}
