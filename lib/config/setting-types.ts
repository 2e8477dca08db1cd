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

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error));
}

export function text(max: number) {
  const error = `must have from 1 to ${max} characters`;
  return z.string().min(1, error).max(max, error);
}

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

const parts = z.string().transform(text => text.split(",").map(part => part.trim()));

/** Parts separated by commas, or none. */
export const list = parts.transform(all => all.filter(part => part.length > 0));

/** Texts separated by commas, or a JSON list of texts, which may contain commas. */
export const textList = z.string().transform((text, context): string[] => {
  if (!text.startsWith("[")) return list.parse(text);
  const texts = z.array(z.string()).safeParse(parsedJson(text));
  if (texts.success) return texts.data;
  context.addIssue("must be a JSON list of texts, when it begins with [");
  return z.NEVER;
});

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const addresses = parts
  .pipe(
    z
      .array(z.string().regex(/^[\w.-]+:\d{1,5}$/, "must be host:port, separated by commas"))
      .max(16, "must be at most 16 servers"),
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
    text => !URL.canParse(text) || new URL(text).origin === text.replace(/\/$/, ""),
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
