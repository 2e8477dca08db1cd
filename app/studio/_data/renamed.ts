/** The studio's address of a poll that was renamed. */
import { notFound, redirect } from "next/navigation";
import type { Slug } from "#lib/model/ids.ts";
import { slugAfter } from "#lib/store/former-slugs.ts";
import { getFront } from "#lib/web/front.ts";

/** Leads to the page of the poll that had this slug before; otherwise the poll is not found. */
export async function leadToRenamed(slug: string): Promise<never> {
  const to = await slugAfter(getFront().store, slug as Slug);
  if (to === undefined) notFound();
  redirect(`/studio/polls/${to}`);
}
