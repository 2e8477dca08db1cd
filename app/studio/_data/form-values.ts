/**
 * The fields of a studio form, by name, as text. The forms, the texts that are kept on the device and the comparison
 * with what a colleague saved all use them. For browser and server.
 */
export type FormValues = Readonly<Record<string, string>>;

/** The poll that a form was made from. A change is refused when its version is another by now. */
export interface PollReference {
  readonly slug: string;
  readonly key: string;
  readonly version: number;
}

const moments = ["opensAt", "closesAt", "resultsFrom"];

/** Beside a field for a moment: the moment that the form was made from, in milliseconds since 1970. */
export const originalOf = (name: string) => `${name}.original`;
/** Beside a field for a moment: `first` or `second`, where the time occurs twice. */
export const occurrenceName = (name: string) => `${name}.occurrence`;

/** Fields that are saved together. The group is what an editor decides about when two of them changed it. */
export function groupOf(name: string): string {
  if (name === "pinLast" || /^image(?:Alt)?\./.test(name)) return "options";
  if (name === "choicesMin" || name === "choicesMax") return "choices";
  return moments.find(moment => name.startsWith(`${moment}.`)) ?? name;
}

const isOriginal = (name: string) => name.endsWith(".original");

/** The groups in which `values` differ from `base`. Fields that `values` lack have not been changed. */
export function changedGroups(base: FormValues, values: FormValues): string[] {
  const names = Object.keys(values).filter(
    name => !isOriginal(name) && (values[name] ?? "") !== (base[name] ?? ""),
  );
  return [...new Set(names.map(groupOf))];
}

/** `values` with the fields of some groups taken from `other`. */
export function withGroups(
  values: FormValues,
  other: FormValues,
  groups: readonly string[],
): FormValues {
  const isIn = (name: string) => groups.includes(groupOf(name));
  return Object.fromEntries([
    ...Object.entries(values).filter(([name]) => !isIn(name)),
    ...Object.entries(other).filter(([name]) => isIn(name)),
  ]);
}
