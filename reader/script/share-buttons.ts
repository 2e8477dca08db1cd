/** Buttons that copy the result as a sentence, and share the poll as a link. */
import { part, say, setText, slugOf } from "./card.ts";

const confirmationMs = 4_000;

export function enableSharing(card: HTMLElement): void {
  const address = new URL(`/p/${slugOf(card)}/results`, location.href).href;
  part(card, "copy")?.addEventListener("click", () => {
    const sentence = part(card, "sentence")?.textContent ?? "";
    void copy(card, "copy", `${sentence} ${address}`);
  });
  part(card, "share-link")?.addEventListener("click", () => {
    // Phones have a share sheet; elsewhere the link is copied.
    if (!navigator.share) void copy(card, "share-link", address);
    else void navigator.share({ title: document.title, url: address }).catch(() => {});
  });
}

async function copy(card: HTMLElement, name: string, text: string): Promise<void> {
  const button = part(card, name);
  const label = button?.textContent ?? "";
  const copied = say(card, "copied");
  if (label === copied || !(await writeToClipboard(text))) return;
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
