/** @jsxImportSource hono/jsx */
/**
 * Addresses in words. A frame in an article may be forbidden to open tabs and to send forms, and no page can read what
 * its frame is forbidden. With the script, `reader/script/blocked-links.ts` says the address after a click.
 */
import type { CardProps } from "./card-props.ts";
import { pollPath, typedAddress } from "./paths.ts";

/** Attributes of links that leave an article. */
export const newTab = { target: "_blank", rel: "noopener" };

/** Without script, in an article: where to go when neither the button nor the links work. */
export function ElsewhereNote({ words, poll, publicUrl, urlLanguage }: CardProps) {
  const address = typedAddress(publicUrl + pollPath(poll, "page", "vote", urlLanguage));
  return (
    <span class="poll-no-script">
      {" "}
      {words.say("elsewhere", { address: words.isolated(address) })}
    </span>
  );
}

/** Without script, in an article: the address that the link before it leads to. */
export function AddressInWords({ surface, address }: CardProps & { readonly address: string }) {
  if (surface !== "embed") return null;
  return (
    <span class="poll-no-script">
      {" "}
      <bdi class="poll-address">{typedAddress(address)}</bdi>
    </span>
  );
}
