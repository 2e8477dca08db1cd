/** MariaDB's data directory as it was at one moment, for tests in which MySQL goes back to an earlier state. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "#lib/base/clock.ts";
import type { Site } from "./site.ts";

/** Keeps MariaDB's data of one moment, and sets MariaDB back to it. */
export class Snapshot {
  readonly #site: Site;

  private constructor(site: Site) {
    this.#site = site;
  }

  /** Copies the data in a moment of standstill. */
  static async take(site: Site): Promise<Snapshot> {
    const snapshot = new Snapshot(site);
    await site.database.child.stop();
    snapshot.#copy("data", "snapshot");
    await site.restartDatabase();
    return snapshot;
  }

  /** Ends MariaDB, and starts it again on the older data after some time. */
  async goBack(awayMs: number): Promise<void> {
    await this.#site.database.child.kill();
    this.#copy("snapshot", "data");
    await sleep(awayMs);
    await this.#site.restartDatabase();
  }

  #copy(from: string, to: string): void {
    const path = (name: string) => join(this.#site.directory, "mariadb", name);
    rmSync(path(to), { recursive: true, force: true });
    cpSync(path(from), path(to), { recursive: true });
  }
}
