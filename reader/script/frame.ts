/**
 * An embed in an article: reports its height to the article, and takes its appearance from it.
 *
 * The appearance comes in the fragment of the address, and later in messages. Any framing page can send it, so only
 * the names below are accepted, with values that are valid for their CSS property.
 */
import { inArticle } from "./card.ts";

/** Name in the appearance → custom property; colours, but for the last three. */
const settings: Readonly<Record<string, string>> = {
  accent: "accent",
  "on-accent": "on-accent",
  background: "card",
  text: "ink",
  muted: "soft",
  line: "hair",
  font: "sans",
  "heading-font": "serif",
  radius: "radius",
};
/** The CSS property that must accept a value that is no colour. */
const kinds: Readonly<Record<string, string>> = {
  sans: "font-family",
  serif: "font-family",
  radius: "border-radius",
};
const valueLengthMax = 200;

export function fitIntoArticle(): void {
  if (!inArticle || window.parent === window) return;
  applyAppearance(location.hash.slice(1));
  addEventListener("message", ({ data, source }: MessageEvent<Record<string, unknown> | null>) => {
    if (source !== window.parent || data?.floodgate !== "appearance") return;
    if (typeof data.appearance === "string") applyAppearance(data.appearance);
  });
  const sendHeight = () => {
    const root = document.documentElement;
    // As high as its content, not as its frame.
    root.dataset.measuring = "";
    const { height } = document.body.getBoundingClientRect();
    delete root.dataset.measuring;
    window.parent.postMessage({ floodgate: "height", height }, "*");
  };
  new ResizeObserver(sendHeight).observe(document.body);
}

function applyAppearance(text: string): void {
  const appearance = new URLSearchParams(text);
  const root = document.documentElement;
  const theme = appearance.get("theme") ?? "";
  if (/^(light|dark)$/.test(theme)) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const [name, property] of Object.entries(settings)) {
    const value = appearance.get(name) ?? "";
    const good = value.length <= valueLengthMax && CSS.supports(kinds[property] ?? "color", value);
    if (good && value) root.style.setProperty(`--fg-${property}`, value);
    else root.style.removeProperty(`--fg-${property}`);
  }
}
