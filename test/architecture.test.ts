/**
 * The import rules themselves: planted violations are caught, each by its rule, and the real tree is
 * really checked: a checker that reads nothing reports no problem.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { bugsOfFlush, bugsOfQueue, edited } from "#test/faults/planted.ts";
import { plantedMistakes } from "#test/model/planted.ts";

const root = process.cwd();

interface Report {
  readonly modules: readonly unknown[];
  readonly summary: {
    readonly violations: readonly { readonly rule: { readonly name: string } }[];
  };
}

function cruise(directory: string, places: readonly string[]): Report {
  const { stdout } = spawnSync(
    resolve(root, "node_modules/.bin/depcruise"),
    ["--config", ".dependency-cruiser.mjs", "--output-type", "json", ...places],
    { cwd: directory, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as Report;
}

const tree = mkdtempSync(join(tmpdir(), "floodgate-rules-"));
after(() => rmSync(tree, { recursive: true, force: true }));
for (const file of [".dependency-cruiser.mjs", "tsconfig.json", "package.json"]) {
  copyFileSync(join(root, file), join(tree, file));
}
symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));

/** Writes `files` into the empty tree, cruises it, and removes them. */
function cruisePlanted(files: Readonly<Record<string, string>>): Report {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const places = [...new Set(Object.keys(files).map(path => path.split("/")[0] ?? ""))];
  const report = cruise(tree, places);
  for (const place of places) rmSync(join(tree, place), { recursive: true, force: true });
  return report;
}

/** What is planted, and the rule that must catch it. */
const planted: readonly { rule: string; files: Readonly<Record<string, string>> }[] = [
  {
    rule: "no-cycles",
    files: {
      "lib/base/clock.ts": 'import { b } from "./retry.ts";\nexport const a = b;\n',
      "lib/base/retry.ts": 'import { a } from "./clock.ts";\nexport const b: unknown = a;\n',
    },
  },
  {
    rule: "lib-knows-no-framework",
    files: { "lib/base/log.ts": 'import next from "next";\nexport const a = next;\n' },
  },
  {
    rule: "lib-knows-no-framework",
    files: {
      "worker/worker-parts.ts": "export type W = 1;\n",
      "lib/base/errors.ts":
        'import type { W } from "../../worker/worker-parts.ts";\nexport type E = W;\n',
    },
  },
  {
    rule: "app-imports-lib-and-reader",
    files: {
      "server/front.ts": "export const f = 1;\n",
      "app/page.tsx": 'import { f } from "../server/front.ts";\nexport default f;\n',
    },
  },
  {
    rule: "server-imports-routes-only",
    files: {
      "app/a/page.tsx": "export default 1;\n",
      "server/hot.ts": 'import page from "../app/a/page.tsx";\nexport const p = page;\n',
    },
  },
  {
    rule: "worker-imports-lib",
    files: {
      "reader/page-context.ts": "export const s = 1;\n",
      "worker/main.ts": 'import { s } from "#reader/page-context.ts";\nexport const w = s;\n',
    },
  },
  {
    rule: "hot-routes-stay-light",
    files: {
      "app/b/route.ts": 'import { headers } from "next/headers";\nexport const GET = headers;\n',
    },
  },
  {
    rule: "serving-process-stays-light",
    files: {
      "lib/editors/auth.ts": "export const header = 1;\n",
      "server/client-address.ts":
        'import { header } from "#lib/editors/auth.ts";\nexport const h = header;\n',
    },
  },
  {
    rule: "only-auth-imports-better-auth",
    files: {
      "lib/web/x.ts": 'import { betterAuth } from "better-auth";\nexport const a = betterAuth;\n',
    },
  },
  {
    rule: "lib-queue",
    files: {
      "lib/polls/edit.ts": "export const e = 1;\n",
      "lib/queue/lock.ts": 'import { e } from "#lib/polls/edit.ts";\nexport const l = e;\n',
    },
  },
  {
    rule: "reader-views",
    files: {
      "reader/picture/ink.ts": "export const i = 1;\n",
      "reader/views/card.tsx": 'import { i } from "../picture/ink.ts";\nexport const c = i;\n',
    },
  },
  {
    rule: "script-stays-light",
    files: {
      "reader/words/words.ts": "export const w = 1;\n",
      "reader/script/card.ts": 'import { w } from "../words/words.ts";\nexport const c = w;\n',
    },
  },
  {
    rule: "lib-folder-from",
    files: {
      "lib/base/clock.ts": "export const c = 1;\n",
      "lib/loose.ts": 'import { c } from "./base/clock.ts";\nexport const l = c;\n',
    },
  },
  {
    rule: "lib-folder-to",
    files: {
      "lib/attic/old.ts": "export const o = 1;\n",
      "worker/main.ts": 'import { o } from "#lib/attic/old.ts";\nexport const m = o;\n',
    },
  },
  {
    rule: "only-memcached-imports-memjs",
    files: { "lib/queue/x.ts": 'import { Client } from "memjs";\nexport const c = Client;\n' },
  },
  {
    rule: "only-store-imports-mysql2",
    files: {
      "lib/flush/x.ts":
        'import { createPool } from "mysql2/promise";\nexport const p = createPool;\n',
    },
  },
  {
    rule: "no-orphans",
    files: { "lib/lonely.ts": "export const nobody = 1;\n" },
  },
];

describe("import rules", () => {
  for (const { rule, files } of planted) {
    it(`a planted violation is caught by the rule ${rule}`, () => {
      const { summary } = cruisePlanted(files);
      const names = summary.violations.map(violation => violation.rule.name);
      assert.ok(names.includes(rule), `found ${names.join(", ") || "nothing"}`);
    });
  }

  it("the sign-in library may be loaded on demand, and its types imported", () => {
    const files = {
      "lib/editors/auth.ts": "export class Auth {}\n",
      "server/front.ts":
        'import type { Auth } from "#lib/editors/auth.ts";\nexport const load = async (): Promise<Auth> => new (await import("#lib/editors/auth.ts")).Auth();\n',
    };
    const { summary } = cruisePlanted(files);
    const names = summary.violations.map(violation => violation.rule.name);
    assert.ok(!names.includes("serving-process-stays-light"), names.join(", "));
  });

  it("import rules are checked over the whole tree", () => {
    const { modules } = cruise(root, ["app", "lib", "reader", "server", "worker"]);
    assert.ok(modules.length > 80, `${modules.length} modules`);
  });
});

/** Names that Next gives a meaning, which every folder of `app/` may have. */
const conventions = new Set([
  ...["route", "page", "layout", "error", "not-found", "loading", "global-error"],
  ...["index", "README"],
]);

describe("names of files", () => {
  it("no base name of a file occurs three times", () => {
    const { stdout } = spawnSync("git", ["ls-files", "*.ts", "*.tsx", "*.mjs"], {
      cwd: root,
      encoding: "utf8",
    });
    const places = new Map<string, Set<string>>();
    for (const path of stdout.trim().split("\n")) {
      const name = basename(path).replace(/\..*/, "");
      // A unit test beside its file is one place with it.
      if (name !== "" && !conventions.has(name)) {
        places.set(name, (places.get(name) ?? new Set()).add(dirname(path)));
      }
    }
    assert.ok(places.size > 200, `${places.size} names`);
    const often = [...places].filter(([, { size }]) => size >= 3);
    assert.deepEqual(Object.fromEntries(often.map(([name, found]) => [name, [...found]])), {});
  });
});

describe("planted bugs", () => {
  const ofModel = plantedMistakes.map(({ name, edits, guard = [] }) => ({
    name: `of the model: ${name}`,
    edits: [...guard, ...edits],
  }));
  for (const { name, edits = [] } of [...bugsOfFlush, ...bugsOfQueue, ...ofModel]) {
    it(`the planted bug "${name}" fits the code as it is`, () => {
      const texts = new Map<string, string>();
      for (const edit of edits) {
        const text = texts.get(edit.file) ?? readFileSync(edit.file, "utf8");
        texts.set(edit.file, edited(text, edit));
      }
    });
  }
});
