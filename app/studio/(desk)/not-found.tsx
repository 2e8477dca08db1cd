import Link from "next/link";

export default function NotFound() {
  return (
    <section className="rounded border border-hair bg-card p-4">
      <h1 className="font-serif text-2xl font-semibold">Page not found</h1>
      <p className="mt-2 text-soft">
        The poll may have been deleted, or the address may be mistyped.
      </p>
      <p className="mt-4">
        <Link href="/studio" className="text-accent underline underline-offset-4">
          All polls
        </Link>
      </p>
    </section>
  );
}
