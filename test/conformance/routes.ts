/** All routes, read from disk, and what is odd about the requests that they get. */
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";

/** A path below `app/`, like `/p/[poll]/results`, and how it is served. */
export interface Route {
  readonly path: string;
  readonly isPage: boolean;
}

/** Every route and page, and files that Next serves. */
export function allRoutes(): Route[] {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "app"], {
    encoding: "utf8",
  }).split("\n");
  return files
    .filter(file => /\/(route\.ts|page\.tsx)$/.test(file))
    .map(file => ({
      path: dirname(file)
        .replace(/^app/, "")
        .replaceAll(/\/\([^)]+\)/g, ""),
      isPage: file.endsWith("page.tsx"),
    }));
}

/** The path with a value for its parameter; where it has none, the value follows. */
export function pathOf({ path }: Route, value: string): string {
  return path.includes("[") ? path.replace(/\[[^\]]+\]/, value) : `${path}/${value}`;
}

export const oddParameters = [
  "%FF",
  "%E0%A4%A",
  "%",
  "%zz",
  "%C0%AE",
  "a%2Fb",
  "a%5Cb",
  "a%00b",
  "%0d%0aX-A:1",
  "..",
  "%2e%2e",
  ".",
  "%F0%9F%98%80",
  "\u00e9",
  "a;b=c",
  "a".repeat(5_000),
  "a".repeat(20_000),
  "x?a=%FF&a=1&a=2&lang=%&choice=%FF&url=http://[::1&after=x&wait=x",
];

export const oddTargets = [
  "//evil.example",
  "//evil.example/%2f..",
  "/\\evil.example",
  "/../../etc/passwd",
  "http://polls.example/p/%FF",
  "http://polls.example",
  "https://[::1/",
  "ftp://polls.example/",
  "*",
  "x",
  "/?",
  "/%",
  "/_next/static/%FF",
  "/_next/image?url=%FF",
  "/fonts/%FF",
];

export const methods = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  ...["TRACE", "PROPFIND", "CONNECT", "BREW", "get"],
];

export const oddHeaders = [
  "Origin: http://",
  "Origin: not a url",
  "Origin: http://[::1",
  "Origin: null",
  "Origin: https://evil.example",
  "Origin: http://polls.example\r\nOrigin: https://evil.example",
  "Cookie: %FF=%; =; ;;;a; fg=%",
  "Cookie: a\r\nCookie: b",
  "Content-Type: ;",
  "Content-Type: multipart/form-data",
  "Content-Type: multipart/form-data; boundary=x",
  "Content-Type: application/json\r\nContent-Type: text/plain",
  "Content-Length: x",
  "Content-Length: -1",
  "Content-Length: 1\r\nContent-Length: 2",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: chunked\r\nContent-Length: 3",
  "Accept-Language: ;;q=x,,*;q=",
  "Accept: */*;q=x",
  "Accept-Encoding: gzip;q=x, ;;, *;q=0",
  "Accept-Encoding: identity;q=0, *;q=0",
  "Range: bytes=x",
  "Range: bytes=9-1",
  "Range: bytes=999999999-",
  "If-Match: x",
  'If-None-Match: "',
  "If-Modified-Since: x",
  "Expect: foo",
  "Expect: 100-continue",
  "Upgrade: websocket\r\nConnection: upgrade",
  "Authorization: Bearer \u00ff",
  "Last-Event-ID: x",
  "X-Forwarded-For: ,,",
  'Forwarded: for="',
  "RSC: 1",
  "RSC: 1\r\nNext-Router-State-Tree: x",
  "RSC: 1\r\nNext-Router-State-Tree: %5B%22%22%2C%7B%7D%5D",
  "RSC: 1\r\nNext-Router-Prefetch: x\r\nNext-Router-Segment-Prefetch: /%FF",
  "Next-Action: x",
  `Next-Action: ${"40".repeat(21)}`,
  "Next-Url: //%FF",
  "X-Middleware-Subrequest: x:x:x",
  `X-A: ${"a".repeat(17_000)}`,
];

export const oddHosts = [
  "a b",
  "[::",
  "a:99999",
  "",
  "polls.example/..",
  "user@polls.example",
  "\u00e9",
  "polls.example\r\nHost: evil.example",
];
