/** Where an editor is led after signing in. For browser and server. Pure. */

/** Set by `proxy.ts`, which replaces whatever the client sent: the path of a studio page with its query. */
export const pathHeader = "x-studio-path";

const desk = "/studio";
const signIn = "/studio/sign-in";
/** No address of a page, whatever it is compared with. */
const base = "https://studio.invalid";

/** `path` when it is a page of the studio, else the desk. So a link can't lead to another site after signing in. */
export function returnPath(path: string | null | undefined): string {
  if (!path || !/^\/[\x21-\x7e]*$/.test(path) || !URL.canParse(path, base)) return desk;
  const { origin, pathname, search } = new URL(path, base);
  const isStudio = pathname === desk || pathname.startsWith(`${desk}/`);
  if (origin !== base || !isStudio || pathname === signIn) return desk;
  return pathname + search;
}

/** The sign-in page that leads back to `path`. */
export function signInPath(path: string): string {
  const next = returnPath(path);
  return next === desk ? signIn : `${signIn}?next=${encodeURIComponent(next)}`;
}
