import type { NextConfig } from "next";

const config: NextConfig = {
  poweredByHeader: false,
  // The proxy before us compresses; what is small and cached, we send as it is.
  compress: false,
  reactStrictMode: true,
  // `npm run check` does that, once, for everything.
  typescript: { ignoreBuildErrors: true },
  // Everybody gets a page's title with the page, not streamed behind it: for a moment there would be none.
  htmlLimitedBots: /./,
  // The image optimizer fetches what it is told to: we have no use for it.
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
