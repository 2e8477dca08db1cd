"use client";

import { usePathname } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { type Announcement, announced, takeAnnouncement } from "./announcement.ts";

/** Says what the act did that led to this page. It gets the focus when the button that had it is gone. */
export function Announced() {
  const path = usePathname();
  const line = useRef<HTMLParagraphElement>(null);
  const [said, setSaid] = useState<Announcement>();
  useEffect(() => {
    const take = () => setSaid(now => takeAnnouncement(path) ?? now);
    take();
    addEventListener(announced, take);
    return () => {
      removeEventListener(announced, take);
      setSaid(undefined);
    };
  }, [path]);
  const sentence = said?.path === path ? said.sentence : undefined;
  useEffect(() => {
    if (sentence && document.activeElement === document.body) line.current?.focus();
  });
  return (
    <p
      ref={line}
      role="status"
      tabIndex={-1}
      className={sentence ? "mb-4 border-l-4 border-accent py-1 pl-3" : "sr-only"}
    >
      {sentence}
    </p>
  );
}
