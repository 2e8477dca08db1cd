/**
 * `/embed.js`: the one script of ours that runs on other people's pages. It defines
 *
 *   <floodgate-poll poll="harbour-cars" height="430"></floodgate-poll>
 *
 * which puts the poll's own page into a frame, keeps room for it from the start, and follows its height.
 * Frames that somebody wrote by hand (or got through oEmbed) follow their height too.
 *
 * Invariant: nothing of the article is read but our element's attributes and the custom properties below,
 *   and nothing is told to the frame but how it should look.
 * Invariant: of a message only a number is believed, from our own origin, from a frame that shows us.
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

/** What an article may set on the element, or anywhere above it. Documented in docs/embedding.md. */
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

  /** Tells the poll how to look now: for articles that change their colours without a new page. */
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
    // The look travels behind the #: caches know one page for all articles.
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
