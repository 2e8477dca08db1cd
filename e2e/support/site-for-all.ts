/** One site for the whole run; its addresses reach the tests through the environment. */
import { Site } from "#test/support/site.ts";

export default async function start(): Promise<() => Promise<void>> {
  const site = await Site.start({
    env: { FLOODGATE_SITE_NAME: "The Harbour Post", FLOODGATE_TIME_ZONE: "Europe/Stockholm" },
  });
  process.env.E2E_SITE = JSON.stringify({ url: site.url, seeded: site.seeded });
  return () => site.stop();
}
