/** Counters of a memcached, asked for in its text protocol: by nothing of ours. */
import { connect } from "node:net";

/** One general statistic of the server on this port, for example `cmd_get`. */
export function memcachedStat(port: number, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("stats\r\n"));
    socket.on("error", reject);
    socket.on("data", bytes => {
      text += bytes;
      if (!text.includes("END\r\n")) return;
      socket.destroy();
      resolve(Number(new RegExp(`STAT ${name} (\\d+)`).exec(text)?.[1]));
    });
  });
}
