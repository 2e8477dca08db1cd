/**
 * `/embed.js`: the only script that runs on other sites' pages. It defines
 *
 *   <floodgate-poll poll="harbour-cars"></floodgate-poll>
 *
 * which shows the poll in a frame. An article's own frame inside the element is kept, with the height that it reserves
 * (`reader/embed-code.ts`), so nothing moves when this script arrives late. Frames written by hand, or inserted through
 * oEmbed, follow their content's height too.
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

/** Put in by the server (`app/embed.js/route.ts`): the site's address. */
declare const PUBLIC_URL: string;

/**
 * Where this script came from: an article may know the site by another name. A module, and a script that a tag manager
 * has put into the page as text, do not know it.
 */
const ownScript = document.currentScript as HTMLScriptElement | null;
const home = new URL(ownScript?.src || PUBLIC_URL).origin;
const heightFallback = 430;

/** Custom properties that an article may set on the element or its ancestors; documented in docs/embedding.md. */
const properties = "accent on-accent background text muted line font heading-font radius".split(
  " ",
);

class FloodgatePoll extends HTMLElement {
  static readonly observedAttributes = ["poll", "theme", "lang"];
  #frame: HTMLIFrameElement | undefined;

  connectedCallback(): void {
    this.#show();
  }

  attributeChangedCallback(): void {
    if (this.#frame) this.#show();
  }

  /** Sends the current appearance to the poll, for articles that change colours without a reload. */
  refresh(): void {
    this.#frame?.contentWindow?.postMessage(
      { floodgate: "appearance", appearance: this.#appearance() },
      home,
    );
  }

  /** Shows the poll: in the frame that the article has, or in one of its own. */
  #show(): void {
    const poll = this.getAttribute("poll");
    if (!poll) return;
    const language = this.getAttribute("lang");
    const query = language ? `?lang=${encodeURIComponent(language)}` : "";
    const address = `${home}/embed/${encodeURIComponent(poll)}${query}`;
    const present = this.querySelector("iframe");
    const frame = present ?? document.createElement("iframe");
    if (frame !== this.#frame) frame.addEventListener("load", () => this.refresh());
    this.#frame = frame;
    if (present) {
      if (present.src.split("#")[0] !== address) present.src = address;
      this.refresh();
      return;
    }
    // The appearance is in the fragment, so caches store one page for all articles.
    frame.src = `${address}#${this.#appearance()}`;
    frame.title = this.title || "Poll";
    frame.loading = "lazy";
    frame.allow = "clipboard-write; web-share";
    frame.style.cssText = "display:block;width:100%;border:0";
    follow(frame, Number(this.getAttribute("height")) || heightFallback);
    this.style.display = "block";
    this.replaceChildren(frame);
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

/**
 * As high as its content, and never lower than the article has reserved: what is below does not move up and down. Between
 * 60 and 8000 px without a reserve, whatever a message says.
 */
function follow(frame: HTMLIFrameElement, height: number): void {
  // The height that the article reserves in the frame's own style; empty without one.
  frame.dataset.reserve ??= frame.style.height;
  const lowest = frame.dataset.reserve || "60px";
  frame.style.height = `max(${lowest}, min(${Math.ceil(height)}px, 8000px))`;
}

function define(): void {
  if (!customElements.get("floodgate-poll")) customElements.define("floodgate-poll", FloodgatePoll);
}

addEventListener("message", ({ data, origin, source }: MessageEvent<HeightMessage | null>) => {
  if (origin !== home || data?.floodgate !== "height" || typeof data.height !== "number") return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === source) follow(frame, data.height);
  }
});
// While the article is being read, an element begins without the frame that is in it.
if (document.readyState === "loading") addEventListener("DOMContentLoaded", define);
else define();
