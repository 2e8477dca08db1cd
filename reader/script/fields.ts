/** Reads and fills the fields of the vote form. */

/** The choices as the API takes them; `undefined` when a rank was given twice. */
export function choicesIn(form: HTMLFormElement, kind: string): string[] | undefined {
  const fields = [...new FormData(form)]
    .filter(([name]) => name.startsWith("choice"))
    .map(([, value]) => String(value))
    .filter(Boolean);
  if (kind !== "ranked") return fields;
  const ids: string[] = [];
  for (const [id = "", rank] of fields.map(field => field.split(":"))) {
    if (ids[Number(rank)] !== undefined) return undefined;
    ids[Number(rank)] = id;
  }
  return ids.filter(Boolean);
}

export function fillForm(form: HTMLFormElement, kind: string, choices: readonly string[]): void {
  for (const input of form.querySelectorAll(
    "input:not([type=hidden])",
  ) as NodeListOf<HTMLInputElement>) {
    input.checked = choices.includes(input.value);
  }
  if (kind !== "ranked") return;
  const ranks = choices.map((id, index) => `${id}:${index + 1}`);
  for (const select of form.querySelectorAll("select")) {
    const values = [...select.options].map(option => option.value);
    select.value = values.find(value => ranks.includes(value)) ?? "";
  }
  form.dispatchEvent(new Event("change"));
}
