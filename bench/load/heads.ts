/** Requests as text: votes of programs, votes of a browser, and pages. */

const bodyBefore = '{"choices":["1"],"ballotId":"';
const bodyAfter = '"}';
const uuidLength = 36;
const bodyLength = bodyBefore.length + uuidLength + bodyAfter.length;

/** Votes of distinct voters. */
export const votes = { bodyBefore, bodyAfter };

/** The head of a vote on a poll, as a program sends it: three headers. */
export function voteHead(slug: string): string {
  return (
    `POST /api/polls/${slug}/votes HTTP/1.1\r\nHost: localhost\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${bodyLength}\r\n\r\n`
  );
}

/**
 * The head of the vote that our page's script sends from Chromium: `Host`, `Content-Length`, the edition that the reader
 * saw, and 14 headers that the browser adds.
 *
 * @param origin - of the page, like `http://localhost:3000`.
 */
export function browserVoteHead(origin: string, slug: string, edition: string): string {
  const browser = "Chrome/142.0.0.0 Safari/537.36";
  return [
    `POST /api/polls/${slug}/votes HTTP/1.1`,
    `Host: ${new URL(origin).host}`,
    "Connection: keep-alive",
    `Content-Length: ${bodyLength}`,
    'sec-ch-ua-platform: "Linux"',
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${browser}`,
    'sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    "Content-Type: application/json",
    `Floodgate-Edition: ${edition}`,
    "sec-ch-ua-mobile: ?0",
    "Accept: */*",
    `Origin: ${origin}`,
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Dest: empty",
    `Referer: ${origin}/p/${slug}`,
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "\r\n",
  ].join("\r\n");
}

/** A whole request for a page. */
export function getRequest(path: string, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}
