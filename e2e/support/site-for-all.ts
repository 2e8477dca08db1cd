/**
 * One site for the whole run; its addresses reach the tests through the environment. A second front
 * believes that it is reached over TLS: `articles.ts` terminates that.
 */
import { freePort } from "#scripts/services/ports.ts";
import { Site } from "#test/support/site.ts";

export default async function start(): Promise<() => Promise<void>> {
  const site = await Site.start({
    schema: "empty",
    env: { FLOODGATE_SITE_NAME: "The Harbour Post", FLOODGATE_TIME_ZONE: "Europe/Stockholm" },
  });
  const tlsPort = await freePort();
  const secure = await site.addFront({ PUBLIC_URL: `https://localhost:${tlsPort}` });
  process.env.E2E_SITE = JSON.stringify({
    url: site.url,
    seeded: site.seeded,
    databasePid: site.database.child.pid,
    secure: { port: secure.port, tlsPort },
  });
  return () => site.stop();
}
