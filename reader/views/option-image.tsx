/** @jsxImportSource hono/jsx */
import type { PollOption } from "#lib/model/poll.ts";

/** The image of an option, cropped to fit. Its space is reserved before it loads. */

interface OptionImageProps {
  readonly option: PollOption;
  /** Full tile, or a thumbnail beside the label. */
  readonly as: "tile" | "thumb";
}

const sizes = { tile: [320, 240], thumb: [64, 48] } as const;

export function OptionImage({ option: { image }, as }: OptionImageProps) {
  if (!image) return null;
  const [width, height] = sizes[as];
  return (
    // biome-ignore lint/performance/noImgElement: readers' pages know no framework
    <img
      class={`poll-image poll-image-${as}`}
      src={image.url}
      alt={image.alt}
      width={width}
      height={height}
      loading="lazy"
      decoding="async"
    />
  );
}

/** True if any option has an image: then the layout of all options has room for one. */
export function hasImages(options: readonly PollOption[]): boolean {
  return options.some(({ image }) => image !== undefined);
}
