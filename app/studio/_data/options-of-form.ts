/** The options of the poll form, one a line, with the images that are given for them. */

interface OptionInput {
  readonly label: string;
  readonly image?: { readonly url: string; readonly alt: string };
}

/** As the API would get them. An image's fields are numbered like the lines that are not empty. */
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
