import type { NextConfig } from "next";

const config: NextConfig = {
  poweredByHeader: false,
  // By gzip: the studio, its files, and what routes return here, which is not compressed yet (`wholeHeader`).
  compress: true,
  reactStrictMode: true,
  // `npm run check` does that, once, for everything.
  typescript: { ignoreBuildErrors: true },
  // Sends the title with the page instead of streaming it later.
  htmlLimitedBots: /./,
  // The image optimizer would fetch any URL; it is not used.
  images: { unoptimized: true },
  serverExternalPackages: ["@napi-rs/canvas", "memjs", "mysql2", "pino", "better-auth"],
  headers: async () => [
    {
      source: "/fonts/:file*",
      headers: [{ key: "Cache-Control", value: "public, max-age=31536000, immutable" }],
    },
  ],
};

export default config;
