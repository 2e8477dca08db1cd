/** The end of the test run. */

/**
 * Ends this process with `status` once its output has been taken. `process.exit` alone loses what a full pipe has not
 * taken yet, and with it the closing line that CI reads.
 */
export function end(status: number): void {
  process.stdout.write("", () => process.exit(status));
}
