/** The slugs that polls had before they were renamed: the table `former_slugs`. */
import type { PollId, Slug } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";

type SlugRow = Row & { readonly slug: string };

/** The slug that a renamed poll has now. One query. */
export async function slugAfter(db: Database, former: Slug): Promise<Slug | undefined> {
  const [row] = await db.rows<SlugRow>(
    "former_slugs.follow",
    "SELECT polls.slug FROM former_slugs JOIN polls ON polls.id = poll_id WHERE former_slugs.slug = ?",
    [former],
  );
  return row?.slug as Slug | undefined;
}

/** All slugs that a poll had before. One query, by an index. */
export async function formerSlugsOf(db: Database, id: PollId): Promise<Slug[]> {
  const rows = await db.rows<SlugRow>(
    "former_slugs.of",
    "SELECT slug FROM former_slugs WHERE poll_id = ?",
    [id],
  );
  return rows.map(({ slug }) => slug as Slug);
}

/** Notes a slug that a poll has given up, in the transaction that renames it. */
export async function addFormerSlug(
  db: Database,
  id: PollId,
  slug: Slug,
  nowMs: number,
): Promise<void> {
  await db.write(
    "former_slugs.add",
    `INSERT INTO former_slugs (slug, poll_id, renamed_at) VALUES (?, ?, ?)
     ON DUPLICATE KEY UPDATE poll_id = VALUES(poll_id), renamed_at = VALUES(renamed_at)`,
    [slug, id, new Date(nowMs)],
  );
}

/** A poll takes this slug: it leads to no other one any more. */
export async function takeSlug(db: Database, slug: Slug): Promise<void> {
  await db.write("former_slugs.take", "DELETE FROM former_slugs WHERE slug = ?", [slug]);
}
