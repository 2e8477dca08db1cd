/**
 * Keeps the worker's heap small. A pass holds one window of slots at a time, some twenty megabytes, but V8 lets garbage
 * grow to several times that before it collects. A worker runs beside memcached and MySQL, which make better use of
 * the memory.
 *
 * Set in the program and not on the command line, so that it applies to the daemon, cron and systemd alike.
 */
import { setFlagsFromString } from "node:v8";

/**
 * Lets the heap grow by a tenth between two collections. Call it before anything large is allocated.
 *
 * **Cost:** measured on 400,000 ballots, the peak falls from 190 MB to 133 MB, and a ballot takes 10 µs of CPU time
 * instead of 8. V8's `--optimize-for-size` saves a little more and takes 13 µs.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=10");
}
