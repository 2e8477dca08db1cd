/** What a test's site is made of. */
import type { MemcachedOptions } from "#scripts/services/memcached.ts";
import type { Schema } from "./database.ts";

export interface SiteOptions {
  readonly fronts?: number;
  readonly workers?: number;
  readonly memcached?: readonly MemcachedOptions[];
  readonly env?: Readonly<Record<string, string>>;
  readonly databaseOptions?: readonly string[];
  readonly database?: { readonly bufferPoolMb: number; readonly redoLogMb: number };
  /** The initial schema; `floodgate migrate` creates the tables of an empty database. */
  readonly schema?: Schema;
  /** Data lies on the disk, for those who measure what that costs. */
  readonly onDisk?: boolean;
  /** Our programs reach memcached and MariaDB through proxies that can misbehave. */
  readonly proxied?: boolean;
  /** The build that they are from. */
  readonly programs?: string;
}
