/**
 * Called by Next once, when its server starts. Without it, `next start` with wrong settings would start, and answer
 * every request with an error.
 */
import { stopOnWrongSettings } from "#lib/program/wrong-settings.ts";

export function register(): void {
  stopOnWrongSettings("next");
}
