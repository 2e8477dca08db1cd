/** The second part of `npm run up`, as the first part starts it: a running `up` is recognised by it. */
export const bringUpFile = "scripts/up/bring-up.ts";
