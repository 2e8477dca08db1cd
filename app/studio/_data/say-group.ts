/** A group of form fields, in words. */
import { languages } from "#lib/base/languages.ts";
import { type FormValues, occurrenceName } from "./form-values.ts";
import { afterVote, lane, listed, mayChange, resultsAs, resultsTo, waysToVote } from "./words.ts";

const wordsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  resultsTo,
  resultsAs,
  afterVote,
  mayChange,
  listed,
  lane,
  optionOrder: { random: "Yes", "": "No" },
};

/** The values of one group (`groupOf`), as an editor reads them. */
export function sayGroup(group: string, values: FormValues): string {
  const value = values[group] ?? "";
  switch (group) {
    case "options": {
      const images = Object.keys(values).filter(name => name.startsWith("image.") && values[name]);
      const pinned = values.pinLast === "yes" ? "\n(the last one always last)" : "";
      return `${value}${images.length > 0 ? `\n(images: ${images.length})` : ""}${pinned}`;
    }
    case "choices": {
      const way = waysToVote[value as keyof typeof waysToVote] ?? value;
      const least =
        value !== "one" && values.choicesMin !== "1" ? `, at least ${values.choicesMin}` : "";
      return `${way}${least}${value === "several" ? `, at most ${values.choicesMax}` : ""}`;
    }
    case "opensAt":
    case "closesAt":
    case "resultsFrom": {
      const which = values[occurrenceName(group)];
      return value === "" ? "none" : `${value.replace("T", " ")}${which ? ` (the ${which})` : ""}`;
    }
    case "language": {
      const language = languages.find(each => each === value);
      if (!language) return "Each reader’s browser language";
      return new Intl.DisplayNames("en", { type: "language" }).of(language) ?? language;
    }
    default:
      return wordsOf[group]?.[value] ?? (value === "" ? "nothing" : `“${value}”`);
  }
}
