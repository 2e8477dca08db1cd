/**
 * `/embed.js`: the only script that runs on other sites' pages. It defines
 *
 *   <floodgate-poll poll="harbour-cars" height="430"></floodgate-poll>
 *
 * which shows the poll in a frame, reserves its height from the start, and then follows its actual height. Frames
 * written by hand, or inserted through oEmbed, follow their height too.
 *
 * Invariant: the script reads nothing of the article but the element's attributes and the custom properties below,
 *   and sends the frame nothing but its appearance.
 * Invariant: the script uses nothing of a message but a height, and only from a frame of its own origin.
 *
 * Imports nothing: it is downloaded by every reader of every article.
 */
interface HeightMessage {
  readonly floodgate?: unknown;
  readonly height?: unknown;
}

const ownScript = document.currentScript as HTMLScriptElement;
const home = new URL(ownScript.src).origin;
const heightFallback = 430;
const heightMin = 60;
const heightMax = 8000;

/** Custom properties that an article may set on the element or its ancestors; documented in docs/embedding.md. */
const properties = [
  "accent",
  "on-accent",
  "background",
  "text",
  "muted",
  "line",
  "font",
  "heading-font",
  "radius",
];

const clamp = (height: number): number =>
  Math.min(heightMax, Math.max(heightMin, Math.ceil(height)));

class FloodgatePoll extends HTMLElement {
  static readonly observedAttributes = ["poll", "theme", "lang"];
  #frame: HTMLIFrameElement | undefined;

  connectedCallback(): void {
    this.#show();
  }

  attributeChangedCallback(name: string): void {
    if (!this.#frame) return;
    if (name === "theme") this.refresh();
    else this.#show();
  }

  /** Sends the current appearance to the poll, for articles that change colours without a reload. */
  refresh(): void {
    this.#frame?.contentWindow?.postMessage(
      { floodgate: "appearance", appearance: this.#appearance() },
      home,
    );
  }

  #show(): void {
    const poll = this.getAttribute("poll");
    if (!poll || !this.isConnected) return;
    const language = this.getAttribute("lang");
    const query = language ? `?lang=${encodeURIComponent(language)}` : "";
    const frame = document.createElement("iframe");
    // The appearance is in the fragment, so caches store one page for all articles.
    frame.src = `${home}/embed/${encodeURIComponent(poll)}${query}#${this.#appearance()}`;
    frame.title = this.title || "Poll";
    frame.loading = "lazy";
    frame.allow = "clipboard-write; web-share";
    const height = clamp(Number(this.getAttribute("height")) || heightFallback);
    frame.style.cssText = `display:block;width:100%;height:${height}px;border:0`;
    this.style.display = "block";
    this.replaceChildren(frame);
    this.#frame = frame;
  }

  #appearance(): string {
    const appearance = new URLSearchParams();
    const theme = this.getAttribute("theme");
    if (theme) appearance.set("theme", theme);
    const style = getComputedStyle(this);
    for (const name of properties) {
      const value = style.getPropertyValue(`--floodgate-${name}`).trim();
      if (value) appearance.set(name, value);
    }
    return appearance.toString();
  }
}

addEventListener("message", ({ data, origin, source }: MessageEvent<HeightMessage | null>) => {
  if (origin !== home || data?.floodgate !== "height" || typeof data.height !== "number") return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === source) frame.style.height = `${clamp(data.height)}px`;
  }
});

if (!customElements.get("floodgate-poll")) customElements.define("floodgate-poll", FloodgatePoll);
