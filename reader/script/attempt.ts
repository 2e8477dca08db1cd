/**
 * How the script takes work over from the plain page: only when it can do it.
 *
 * Invariant: the browser's own action is prevented only after the script's has begun without an exception. So a browser
 *   that lacks something, or has something broken, still sends the form.
 */

/** Runs a part that the page also works without. Returns false if it threw. */
export function attempt(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** A random UUID. `crypto.randomUUID` exists only on https and localhost, this everywhere. */
export function newBallotId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map(byte => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-8$4-");
}
