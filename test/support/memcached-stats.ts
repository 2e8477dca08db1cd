/** Counters of a memcached, asked for in its text protocol: by nothing of ours. */
import { connect } from "node:net";

/** The general statistics of the server on this port, by name. */
function memcachedStats(port: number): Promise<ReadonlyMap<string, number>> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("stats\r\n"));
    socket.on("error", reject);
    socket.on("data", bytes => {
      text += bytes;
      if (!text.includes("END\r\n")) return;
      socket.destroy();
      const lines = text.matchAll(/^STAT (\S+) (\S+)/gm);
      resolve(new Map([...lines].map(([, name = "", value]) => [name, Number(value)])));
    });
  });
}

/** One general statistic of the server on this port, for example `cmd_get`. */
export async function memcachedStat(port: number, name: string): Promise<number> {
  return (await memcachedStats(port)).get(name) ?? Number.NaN;
}

/** Operations on keys that the server has been asked for so far; `noop`s are none. */
export async function memcachedOperations(port: number): Promise<number> {
  const stats = await memcachedStats(port);
  const kinds = ["get", "set", "touch"].map(kind => `cmd_${kind}`);
  const moves = ["incr", "decr", "delete"].flatMap(kind => [`${kind}_hits`, `${kind}_misses`]);
  return [...kinds, ...moves].reduce((sum, name) => sum + (stats.get(name) ?? 0), 0);
}
