/** The documents: links, file names, settings and the numbers of decisions are right. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { knownVariables } from "#lib/config/settings.ts";

const folders = [".", ".github", "docs", "docs/decisions", "docs/monitoring", "deploy"];
const documents = folders.flatMap(directory =>
  readdirSync(directory)
    .filter(name => name.endsWith(".md"))
    .map(name => join(directory, name)),
);

/** Made by a build or a benchmark, so a fresh clone does not have it. */
const unversioned = new Set(["bench/report/"]);

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

describe("the documents", () => {
  it("every link in the documents leads to an existing file and heading", () => {
    const dead: string[] = [];
    for (const document of documents) {
      for (const [, target = ""] of readFileSync(document, "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?|mailto):/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document : join(dirname(document), path);
        const there = existsSync(file) && (!anchor || anchorsOf(file).includes(anchor));
        if (!there) dead.push(`${document}: ${target}`);
      }
    }
    assert.ok(documents.length > 10);
    assert.deepEqual(dead, []);
  });

  it("every source file that a document names exists", () => {
    const named =
      /`((?:app|bench|cli|deploy|docs|e2e|lib|reader|scripts|server|sql|test|worker)\/[\w./-]*)`/g;
    const dead = documents.flatMap(document =>
      [...readFileSync(document, "utf8").matchAll(named)]
        .map(([, path = ""]) => path)
        .filter(path => !existsSync(path) && !unversioned.has(path))
        .map(path => `${document}: ${path}`),
    );
    assert.deepEqual(dead, []);
  });

  it("every setting that a document or a unit file names exists", () => {
    const units = readdirSync("deploy").map(name => join("deploy", name));
    const unknown = [...new Set([...documents, ...units])].flatMap(file =>
      [...readFileSync(file, "utf8").matchAll(/\bFLOODGATE_[A-Z_]*[A-Z]\b/g)]
        .filter(([name]) => !knownVariables.has(name))
        .map(([name]) => `${file}: ${name}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("the README links to the changelog, the security policy and the contributors' page", () => {
    const readme = readFileSync("README.md", "utf8");
    for (const file of ["CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"]) {
      assert.ok(readme.includes(`](${file})`), file);
    }
  });

  it("the changelog has an entry for the version of the package", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    assert.ok(readFileSync("CHANGELOG.md", "utf8").includes(`## [${version}] - `), version);
  });

  it("each decision has one number, the same in its file name and its heading", () => {
    const files = readdirSync("docs/decisions").map(name => join("docs/decisions", name));
    const numbers = files.map(file => Number(basename(file).slice(0, 4)));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from(files, (_, index) => index + 1),
    );
    for (const [index, file] of files.entries()) {
      assert.match(readFileSync(file, "utf8"), new RegExp(`^# ${numbers[index]}\\. `), file);
    }
  });

  it("the architecture lists the folders of lib/ in the order of the import rules", () => {
    const rules = readFileSync(".dependency-cruiser.mjs", "utf8");
    const [, list = ""] = /const folders = \[([^\]]*)\]/.exec(rules) ?? [];
    const ruled = [...list.matchAll(/"(\w+)"/g)].map(([, folder]) => folder);
    const [, table = ""] =
      /table:\n\n((?:\|.*\n)+)/.exec(readFileSync("docs/architecture.md", "utf8")) ?? [];
    const firstCells = table.split("\n").map(row => row.split("|")[1] ?? "");
    const listed = firstCells.flatMap(cell =>
      [...cell.matchAll(/`(\w+)\/`/g)].map(([, folder]) => folder),
    );
    assert.ok(ruled.length > 10);
    assert.deepEqual(listed, ruled);
  });
});
