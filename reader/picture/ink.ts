/** A canvas with the site's fonts and colours; draws text in its own direction. */
import { join } from "node:path";
import { type Canvas, createCanvas, GlobalFonts, type SKRSContext2D } from "@napi-rs/canvas";
import { assets } from "../generated.ts";
import { fitText, type Measure } from "./lines.ts";

export type Colour = keyof typeof assets.palette;

export interface Type {
  readonly family: "serif" | "sans";
  readonly weight: 400 | 600;
  /** Pixels. */
  readonly size: number;
}

/** Glyphs missing from these fonts come from the system's fonts, if it has them. */
const families = {
  serif: '"Floodgate Serif", "Floodgate Arabic"',
  sans: '"Floodgate Sans", "Floodgate Arabic"',
} as const;
const files: readonly (readonly [string, string])[] = [
  ...["latin", "latin-ext", "cyrillic", "greek"].flatMap(
    subset =>
      [
        [`source-serif-4-${subset}`, "Floodgate Serif"],
        [`inter-${subset}`, "Floodgate Sans"],
      ] as const,
  ),
  ["noto-naskh-arabic-400", "Floodgate Arabic"],
  ["noto-naskh-arabic-600", "Floodgate Arabic"],
];
const rightToLeft =
  /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;

export class Ink {
  readonly #canvas: Canvas;
  readonly #context: SKRSContext2D;
  readonly #mirrored: boolean;

  /** @param mirrored - x is measured from the right edge. */
  constructor(width: number, height: number, mirrored: boolean) {
    // The library registers fonts for the whole process.
    if (!GlobalFonts.has("Floodgate Serif")) {
      for (const [file, family] of files) {
        GlobalFonts.registerFromPath(join("public/fonts", `${file}.woff2`), family);
      }
    }
    this.#canvas = createCanvas(width, height);
    this.#context = this.#canvas.getContext("2d");
    this.#mirrored = mirrored;
  }

  box(colour: Colour, x: number, y: number, width: number, height: number): void {
    this.#context.fillStyle = assets.palette[colour];
    this.#context.fillRect(this.#x(x, width), y, width, height);
  }

  ring(colour: Colour, x: number, y: number, radius: number): void {
    this.#context.strokeStyle = assets.palette[colour];
    this.#context.lineWidth = 3;
    this.#context.beginPath();
    this.#context.arc(this.#x(x, 0), y, radius, 0, 2 * Math.PI);
    this.#context.stroke();
  }

  /** Measures the width of text in this type. */
  measure(type: Type): Measure {
    return text => {
      this.#use(type);
      return this.#context.measureText(text).width;
    };
  }

  /** Draws one line that starts at `x`, with its baseline at `y`, cut to `widthMax`. */
  text(text: string, x: number, y: number, options: TextOptions): void {
    const shown = fitText(text, options.widthMax, this.measure(options));
    const context = this.#context;
    this.#use(options);
    context.fillStyle = assets.palette[options.colour];
    context.direction = rightToLeft.test(text) ? "rtl" : "ltr";
    context.textAlign = this.#mirrored === (options.align === "end") ? "left" : "right";
    context.fillText(shown, this.#x(x, 0), y);
  }

  /** Encodes in another thread. */
  async png(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#canvas.encode("png"));
  }

  #use({ family, weight, size }: Type): void {
    this.#context.font = `${weight} ${size}px ${families[family]}`;
  }

  #x(x: number, width: number): number {
    return this.#mirrored ? this.#canvas.width - x - width : x;
  }
}

interface TextOptions extends Type {
  readonly colour: Colour;
  readonly widthMax: number;
  /** `end`: the line ends at `x`. */
  readonly align?: "end";
}
