import { clsx } from "clsx";
import type { ComponentProps } from "react";

const base =
  "inline-flex min-h-11 items-center justify-center rounded-[3px] border px-4 text-sm font-semibold no-underline disabled:opacity-60";

const looks = {
  primary: "border-ink bg-ink text-card",
  quiet: "border-mark bg-transparent text-ink",
  danger: "border-bad bg-transparent text-bad",
} as const;

/** The class names of a button, for links that look like one. */
export function buttonClass(look: keyof typeof looks = "primary", className?: string): string {
  return clsx(base, looks[look], className);
}

export function Button({
  look = "primary",
  className,
  ...props
}: ComponentProps<"button"> & { look?: keyof typeof looks }) {
  return <button type="button" {...props} className={buttonClass(look, className)} />;
}
