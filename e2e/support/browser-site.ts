/**
 * A site for browsers, one for each of Playwright's workers: what a test does to it, no test beside it notices. A
 * second front believes that it is reached over TLS: `articles.ts` terminates that.
 */
import { freePort } from "#scripts/services/ports.ts";
import { type Seeded, Site } from "#test/support/site.ts";

export interface BrowserSite {
  readonly url: string;
  readonly seeded: Seeded;
  /** The page of a worker. */
  readonly workerUrl: string;
  /** For tests that let MySQL fall silent; it has to be woken again. */
  readonly databasePid: number;
  /** A front that is reached over TLS, at `https://localhost:{tlsPort}`. */
  readonly secure: { readonly port: number; readonly tlsPort: number };
  /** Runs a command of `floodgate`; gives what it printed. */
  readonly run: (command: string, args: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export async function startBrowserSite(): Promise<BrowserSite> {
  const site = await Site.start({
    schema: "empty",
    env: {
      FLOODGATE_SITE_NAME: "The Harbour Post",
      FLOODGATE_TIME_ZONE: "Europe/Stockholm",
      // `signIn` says who signs in.
      FLOODGATE_TRUSTED_PROXIES: "127.0.0.1,::1",
    },
  });
  const tlsPort = await freePort();
  const secure = { PUBLIC_URL: `https://localhost:${tlsPort}` };
  const { port } = await site.addFront(secure).catch(async error => {
    // Playwright asks for another site for each test then: this one must not stay.
    await site.stop();
    throw error;
  });
  return {
    url: site.url,
    seeded: site.seeded,
    workerUrl: `http://127.0.0.1:${site.workers[0]?.port}`,
    databasePid: site.database.child.pid,
    secure: { port, tlsPort },
    run: (command, args) => site.run(command, args),
    stop: () => site.stop(),
  };
}
