/**
 * Security headers, one set for each class of answer, stated here and nowhere else.
 *
 * | class | may be framed by  | scripts             |
 * |-------|-------------------|---------------------|
 * | page  | its own origin    | our own files only  |
 * | data  | nobody            | none                |
 *
 * Pages are cacheable, so there is no nonce in them: their scripts and styles are files of ours, or
 * inline pieces whose hashes are listed.
 */

const always = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
} as const;

/** JSON, events, CSV, problems. */
export const dataHeaders: Readonly<Record<string, string>> = {
  ...always,
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "X-Frame-Options": "DENY",
};

/**
 * Readers' pages.
 *
 * @param styleHashes - CSP hashes of the inline styles that they have, like `'sha256-…'`.
 */
export function pageHeaders(styleHashes: readonly string[]): Readonly<Record<string, string>> {
  const csp = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${styleHashes.join(" ")}`.trim(),
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ];
  return {
    ...always,
    "Content-Security-Policy": csp.join("; "),
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
  };
}
