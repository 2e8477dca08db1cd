import type { Metadata } from "next";
import type { ReactNode } from "react";
import "./studio.css";

export const metadata: Metadata = {
  title: { default: "Studio", template: "%s – Studio" },
  robots: { index: false },
  icons: { icon: "/icon.svg" },
};

/** Studio pages are rendered for each request and never cached. */
export const dynamic = "force-dynamic";

export default function StudioLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        {["inter-latin", "source-serif-4-latin"].map(name => (
          <link
            key={name}
            rel="preload"
            href={`/fonts/${name}.woff2`}
            as="font"
            type="font/woff2"
            crossOrigin=""
          />
        ))}
      </head>
      <body className="min-h-dvh">{children}</body>
    </html>
  );
}
