/**
 * Chooses the lane of a ballot: the first rule that matches decides, otherwise it is normal. The rules are in the
 * JSON file that `FLOODGATE_LANES_FILE` names. It is read and checked once, when a process starts.
 *
 * Source: Perlbal's `high_priority_cookie`, and its HighPri plugin for URIs and hosts.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "hono/utils/cookie";
import { z } from "zod";
import { type Lane, lanes } from "../model/lane.ts";

const pattern = z.string().transform((text, context) => {
  try {
    return new RegExp(text, "i");
  } catch {
    context.addIssue(`${JSON.stringify(text)} is not a regular expression`);
    return z.NEVER;
  }
});
const lane = z.enum(lanes);

const forms = {
  cookie: z.strictObject({ lane, cookie: z.string().min(1), contents: z.string().optional() }),
  uri: z.strictObject({ lane, uri: pattern }),
  host: z.strictObject({ lane, host: pattern }),
  poll: z.strictObject({ by: z.literal("poll") }),
  plugin: z.strictObject({ by: z.literal("plugin"), module: z.string().min(1) }),
};
const anyForm = z.union(Object.values(forms));
type AnyForm = z.output<typeof anyForm>;

/** The form that a rule is meant to have, so that a message is about its mistake and not about all forms. */
function formOf(written: object): z.ZodType<AnyForm> | undefined {
  if ("by" in written) return written.by === "plugin" ? forms.plugin : forms.poll;
  const name = (["cookie", "uri", "host"] as const).find(each => each in written);
  return name && forms[name];
}

const rule = z.looseObject({}).transform((written, context): AnyForm => {
  const form = formOf(written);
  const read = form?.safeParse(written);
  if (read?.success) return read.data;
  if (!read) context.addIssue('it needs "cookie", "uri", "host", or "by": "poll" or "plugin"');
  for (const { path, message } of read?.error.issues ?? []) {
    context.addIssue({ code: "custom", path, message });
  }
  return z.NEVER;
});

const file = z
  .strictObject({
    high_priority_cookie: z.string().min(1).optional(),
    high_priority_cookie_contents: z.string().optional(),
    queue_relief_size: z.int().min(0).max(1_000_000).default(20),
    queue_relief_chance: z.number().min(0).max(100).default(30),
    rules: z
      .array(rule)
      .max(100)
      .default([{ by: "poll" }]),
  })
  .refine(
    each =>
      each.high_priority_cookie !== undefined || each.high_priority_cookie_contents === undefined,
    {
      path: ["high_priority_cookie_contents"],
      error: "it needs high_priority_cookie",
    },
  );

type Rule = z.output<typeof rule>;
type LanePlugin = (facts: LaneFacts) => unknown;

/** The facts about a ballot that rules can use. */
export interface LaneFacts {
  /** The Cookie header. */
  readonly cookie: string;
  /** Path and query of the request. */
  readonly uri: string;
  /** Host of the request, without its port. */
  readonly host: string;
  /** The poll's slug. */
  readonly poll: string;
  /** The lane that its editor chose. */
  readonly pollLane: Lane;
}

export interface LaneRules {
  readonly reliefSize: number;
  readonly reliefChance: number;
  /** Equal for equal files. Plugins are not part of it. */
  readonly digest: string;
  readonly laneOf: (facts: LaneFacts) => Lane;
}

/** Loads a plugin by Node's `require` (which loads ES modules since 20.19), hidden from bundlers. */
function requirePlugin(path: string): LanePlugin {
  const loaded: unknown = process.getBuiltinModule("module").createRequire(path)(path);
  const plugin = (loaded as { default?: unknown }).default ?? loaded;
  if (typeof plugin !== "function") throw new TypeError("it does not export a function");
  return plugin as LanePlugin;
}

/**
 * Parses the text of a rules file.
 *
 * @param path - the file's; plugins are relative to its folder.
 * @throws RangeError when the text is not a valid rules file, or a plugin can't be loaded.
 */
export function parseLaneRules(text: string, path: string): LaneRules {
  const result = file.safeParse(parseJson(text));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new RangeError(`${issue?.path.join(".") || "the file"}: ${issue?.message}`);
  }
  const {
    high_priority_cookie: cookie,
    high_priority_cookie_contents: contents,
    queue_relief_size: reliefSize,
    queue_relief_chance: reliefChance,
    rules,
  } = result.data;
  const all: Rule[] = cookie === undefined ? rules : [{ lane: "high", cookie, contents }, ...rules];
  const matchers = all.map(each => matcherOf(each, path));
  const laneOf = (facts: LaneFacts): Lane => {
    for (const match of matchers) {
      const found = match(facts);
      if (found !== undefined) return found;
    }
    return "normal";
  };
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { reliefSize, reliefChance, laneOf, digest };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new RangeError("it is not JSON");
  }
}

/**
 * Reads a rules file. Without one, the poll's own setting decides.
 *
 * @throws RangeError as `parseLaneRules`, and when the file can't be read.
 */
export function readLaneRules(path: string | undefined): LaneRules {
  if (path === undefined) return parseLaneRules("{}", ".");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new RangeError("it can't be read");
  }
  return parseLaneRules(text, path);
}

type Matcher = (facts: LaneFacts) => Lane | undefined;

function matcherOf(each: Rule, path: string): Matcher {
  if ("cookie" in each) {
    const { cookie, contents, lane: to } = each;
    return facts => (cookieMatches(facts.cookie, cookie, contents) ? to : undefined);
  }
  if ("uri" in each) return facts => (each.uri.test(facts.uri) ? each.lane : undefined);
  if ("host" in each) return facts => (each.host.test(facts.host) ? each.lane : undefined);
  if (each.by === "poll") {
    return ({ pollLane }) => (pollLane === "normal" ? undefined : pollLane);
  }
  return pluginMatcher(resolve(dirname(path), each.module));
}

/** A plugin that throws, or returns anything but a lane, does not match: no vote fails because of a plugin. */
function pluginMatcher(path: string): Matcher {
  let plugin: LanePlugin;
  try {
    plugin = requirePlugin(path);
  } catch (error) {
    throw new RangeError(`the plugin ${path}: ${error instanceof Error ? error.message : error}`);
  }
  return ({ cookie, uri, host, poll, pollLane }) => {
    try {
      const answer = plugin({ cookie, uri, host, poll, pollLane });
      return lanes.find(name => name === answer);
    } catch {
      return undefined;
    }
  };
}

/** True when the header has the cookie, with exactly these contents if `contents` is given. */
function cookieMatches(header: string, name: string, contents: string | undefined): boolean {
  const value = parse(header, name)[name];
  return value !== undefined && (contents === undefined || value === contents);
}
