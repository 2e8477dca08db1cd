/** The types of settings, and how their texts are parsed. */
import { z } from "zod";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Which part of `docs/configuration.md` a setting is in. */
export type Tier = "needed" | "common" | "tuning";

/** What `docs/configuration.md` says about a setting. */
export interface SettingMeta {
  /** The environment variable. */
  readonly name: string;
  readonly tier: Tier;
  readonly doc: string;
  readonly unit?: string;
  readonly secret?: boolean;
}

export const setting = <T extends z.ZodType>(
  name: string,
  schema: T,
  meta: Omit<SettingMeta, "name">,
): T => schema.meta({ name, ...meta }) as T;

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min).max(max));

const parts = z.string().transform(text => text.split(",").map(part => part.trim()));

/** Parts separated by commas, or none. */
export const list = parts.transform(all => all.filter(part => part.length > 0));

export const addresses = parts
  .pipe(
    z
      .array(z.string().regex(/^[\w.-]+:\d{1,5}$/, "must be host:port, separated by commas"))
      .min(1)
      .max(16),
  )
  .transform(all => all.map(toAddress));

function toAddress(text: string): Address {
  const [host = "", port = ""] = text.split(":");
  return { host, port: Number(port) };
}

export const timeZone = z
  .string()
  .refine(isTimeZone, "must be an IANA time zone, like Europe/Stockholm");

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const origin = z
  .url({ protocol: /^https?$/, error: "must be an http(s) address" })
  .refine(
    text => new URL(text).origin === text.replace(/\/$/, ""),
    "must be an origin, without a path",
  );

/** Origins whose first label may be a `*`. */
export const originPatterns = list.pipe(
  z.array(
    z
      .string()
      .regex(
        /^https?:\/\/(?:\*\.)?[a-z0-9.-]+(?::\d{1,5})?$/i,
        "must be origins, like https://news.example or https://*.news.example",
      ),
  ),
);
