/** The options in the poll form, one per line, with their images. */

interface OptionInput {
  readonly label: string;
  readonly image?: { readonly url: string; readonly alt: string };
}

/** Options as the API takes them. Image fields are numbered like the non-empty lines. */
export function optionsOf(text: (name: string) => string): OptionInput[] {
  return optionLines(text("options")).map((label, index) => {
    const url = text(`image.${index}`).trim();
    const alt = text(`imageAlt.${index}`).trim();
    return url === "" && alt === "" ? { label } : { label, image: { url, alt } };
  });
}

export function optionLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line.length > 0);
}
