/** What a script calls of a browser, read from the script itself, and pages in which one of it is missing. */
import type { Page } from "playwright/test";

/** Called as a method, made with `new`, or used as a global of these names. */
const uses =
  /\.(\w+)\(|\bnew ([A-Z]\w+)|(?<![.\w$])(fetch|setTimeout|localStorage|navigator|history|crypto|CSS|JSON|performance|Intl|customElements|getComputedStyle)\b/g;

/** Names of browser functions, classes and namespaces that a script uses. Its own methods are left out. */
export async function namesUsed(page: Page, script: string): Promise<string[]> {
  const found = [...script.matchAll(uses)].map(
    ([, method, made, global]) => method ?? made ?? global ?? "",
  );
  // As text: the page's policy forbids it to make functions of text itself.
  return page.evaluate<string[]>(
    `(${JSON.stringify([...new Set(found)])}).filter(name => (${String(ownersOfName)})(name).length > 0)`,
  );
}

/** The window, and the classes, prototypes and namespaces of the browser that have something of this name. */
function ownersOfName(name: string): object[] {
  const globals = Object.getOwnPropertyNames(window).filter(key => /^[A-Z]/.test(key));
  const owners = globals.flatMap(key => {
    const value: unknown = Object.getOwnPropertyDescriptor(window, key)?.value;
    return typeof value === "function" ? [value, value.prototype as unknown] : [value];
  });
  return [window, ...owners].filter(
    (owner): owner is object =>
      owner instanceof Object &&
      Object.getOwnPropertyDescriptor(owner, name)?.configurable === true,
  );
}

/** A script to run before a page's own: what the address names after its `#` is missing. */
export const breakByAddress = `(() => {
  const name = location.hash.slice(1);
  for (const owner of name ? (${String(ownersOfName)})(name) : [])
    Object.defineProperty(owner, name, { value: undefined, configurable: true });
})()`;
