/** Buttons that copy the result as a sentence, and share the poll as a link. */
import { sayAddress } from "./blocked-links.ts";
import { part, say, setText, slugOf } from "./card.ts";

const confirmationMs = 4_000;

export function enableSharing(card: HTMLElement): void {
  const address = new URL(`/p/${slugOf(card)}/results`, location.href).href;
  part(card, "copy")?.addEventListener("click", () => {
    const sentence = part(card, "sentence")?.textContent ?? "";
    void copy(card, "copy", address, `${sentence} ${address}`);
  });
  part(card, "share-link")?.addEventListener("click", () => {
    // Phones have a share sheet; elsewhere, and where the framing page forbids it, the link is copied.
    const copyLink = () => void copy(card, "share-link", address, address);
    if (!navigator.share) copyLink();
    else {
      navigator.share({ title: document.title, url: address }).catch((error: Error) => {
        // Closed by the reader, or tapped twice.
        if (!/Abort|InvalidState/.test(error.name)) copyLink();
      });
    }
  });
}

async function copy(card: HTMLElement, name: string, url: string, text: string): Promise<void> {
  const button = part(card, name);
  const label = button?.textContent ?? "";
  const copied = say(card, "copied");
  if (label === copied) return;
  if (!(await writeToClipboard(text))) {
    sayAddress(card, url);
    return;
  }
  setText(card, name, copied);
  setText(card, "summary", copied);
  setTimeout(() => setText(card, name, label), confirmationMs);
}

/** Returns false where the framing page does not allow it. */
async function writeToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
