import { clsx } from "clsx";
import type { ComponentProps } from "react";

const base =
  "inline-flex min-h-11 items-center justify-center rounded-[3px] border px-4 text-sm font-semibold no-underline disabled:opacity-60";

const variants = {
  primary: "border-ink bg-ink text-card",
  quiet: "border-mark bg-transparent text-ink",
  danger: "border-bad bg-transparent text-bad",
} as const;

/** The class names of a button, for links styled as buttons. */
export function buttonClass(
  variant: keyof typeof variants = "primary",
  className?: string,
): string {
  return clsx(base, variants[variant], className);
}

export function Button({
  variant = "primary",
  className,
  ...props
}: ComponentProps<"button"> & { variant?: keyof typeof variants }) {
  return <button type="button" {...props} className={buttonClass(variant, className)} />;
}
