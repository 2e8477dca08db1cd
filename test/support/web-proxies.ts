/** The web proxies that people put before Floodgate, started on a free port with a configuration file. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "#scripts/services/child.ts";
import { freePort, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import { ensurePrograms } from "#scripts/services/programs.ts";

export type WebProxy = "nginx" | "haproxy" | "caddy";

export interface RunningProxy {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** The file of `deploy/` for a proxy, with these ports in place of its own. */
function shipped(proxy: WebProxy, port: number, frontPort: number): string {
  const file = { nginx: "nginx.conf", haproxy: "haproxy.cfg", caddy: "Caddyfile" }[proxy];
  const text = readFileSync(`deploy/${file}`, "utf8").replaceAll(
    "127.0.0.1:3000",
    `127.0.0.1:${frontPort}`,
  );
  const places = {
    nginx: ["listen 80;", `listen 127.0.0.1:${port};`],
    haproxy: ["bind :80", `bind 127.0.0.1:${port}`],
    caddy: ["\npolls.example {", `\nhttp://polls.example:${port} {\n\tbind 127.0.0.1`],
  } as const;
  const [own, ours] = places[proxy];
  if (!text.includes(own)) throw new Error(`deploy/${file} has no "${own.trim()}"`);
  return text.replace(own, ours);
}

/** Configurations as people write them who read no manual of ours. */
function usual(proxy: WebProxy, port: number, frontPort: number): string {
  const front = `127.0.0.1:${frontPort}`;
  switch (proxy) {
    case "nginx":
      return `gzip on;\nserver { listen 127.0.0.1:${port}; location / { proxy_pass http://${front}; } }`;
    case "haproxy":
      return [
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s",
        `frontend f\n  bind 127.0.0.1:${port}\n  default_backend b`,
        `backend b\n  option httpchk\n  option forwardfor\n  server s ${front} check inter 500\n`,
      ].join("\n");
    case "caddy":
      return `http://polls.example:${port} {\n\tbind 127.0.0.1\n\tencode gzip\n\treverse_proxy ${front}\n}\n`;
  }
}

/** @param directory - for the proxy's files. */
export async function startWebProxy(
  proxy: WebProxy,
  configuration: "shipped" | "usual",
  frontPort: number,
  directory: string,
): Promise<RunningProxy> {
  const program = ensurePrograms([proxy], () => {})[proxy];
  const port = await freePort();
  const home = join(directory, `${proxy}-${configuration}`);
  mkdirSync(home, { recursive: true });
  const text = (configuration === "shipped" ? shipped : usual)(proxy, port, frontPort);
  const file = join(home, "configuration");
  writeFileSync(file, proxy === "nginx" ? insideNginx(text, home) : text);
  if (proxy === "caddy") {
    writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${text}`);
  }
  const args = {
    nginx: ["-e", "stderr", "-c", file],
    haproxy: ["-db", "-f", file],
    caddy: ["run", "--adapter", "caddyfile", "--config", file],
  }[proxy];
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
  const child = new Child(proxy, program, args, { env });
  await waitUntil(proxy, () => portAnswers(port), {
    withinMs: 20_000,
    gaveUp: () => child.diedBecause,
  });
  return { port, stop: () => child.killGroup() };
}

/** The rest of an nginx configuration, with all its files in `home`. */
function insideNginx(servers: string, home: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return [
    `${user} daemon off; worker_processes 1; pid ${home}/pid; error_log stderr;`,
    "events { worker_connections 256; }",
    "http {",
    "access_log off;",
    ...kinds.map(kind => `${kind}_temp_path ${home}/${kind};`),
    servers,
    "}",
  ].join("\n");
}
