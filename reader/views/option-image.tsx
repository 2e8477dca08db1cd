/** @jsxImportSource hono/jsx */
import type { PollOption } from "#lib/model/poll.ts";

/** The image of an option. Its place is kept before it is there; what does not fit is cropped. */

interface OptionImageProps {
  readonly option: PollOption;
  /** Filling its tile, or small beside a label. */
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

/** Whether any option has an image: then all of them are laid out for images. */
export function hasImages(options: readonly PollOption[]): boolean {
  return options.some(({ image }) => image !== undefined);
}
