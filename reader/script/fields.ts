/** Reads and fills the fields of the vote form, and keeps them within the poll's rules. */
import { formatNumber, part, say, setText } from "./card.ts";

/** The choices as the API takes them; `undefined` when they are against the poll's rules. */
export function choicesIn(card: HTMLElement, form: HTMLFormElement): string[] | undefined {
  const { kind, choicesMin, choicesMax } = card.dataset;
  const choices = fieldsIn(form, kind);
  const count = choices?.length ?? 0;
  return count < Number(choicesMin) || count > Number(choicesMax) ? undefined : choices;
}

/**
 * After each change of the form: a warning that has been heeded goes, and of several options no more can be ticked
 * than the poll allows.
 */
export function followRules(card: HTMLElement, form: HTMLFormElement): void {
  const boxes = [...form.querySelectorAll<HTMLInputElement>("[type=checkbox]")];
  const count = part(card, "chosen");
  const follow = () => {
    const message = part(card, "message");
    if (message?.textContent === say(card, "choose") && choicesIn(card, form)) {
      message.hidden = true;
      message.textContent = "";
    }
    const max = Number(card.dataset.choicesMax);
    const chosen = boxes.filter(box => box.checked).length;
    const isFull = chosen >= max && max < boxes.length;
    for (const box of boxes) box.disabled = isFull && !box.checked;
    const values = { chosen: formatNumber(chosen), max: formatNumber(max) };
    setText(card, "chosen", say(card, isFull ? "chosenMost" : "chosen", values));
  };
  form.addEventListener("change", follow);
  follow();
  // Only from here on: what the page begins with is not news.
  count?.setAttribute("aria-live", "polite");
}

/** `undefined` when a rank was given twice. */
function fieldsIn(form: HTMLFormElement, kind?: string): string[] | undefined {
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

export function fillForm(form: HTMLFormElement, choices: readonly string[]): void {
  for (const input of form.querySelectorAll(
    "input:not([type=hidden])",
  ) as NodeListOf<HTMLInputElement>) {
    input.checked = input.value === "" || choices.includes(input.value);
  }
  const ranks = choices.map((id, index) => `${id}:${index + 1}`);
  for (const select of form.querySelectorAll("select")) {
    const values = [...select.options].map(option => option.value);
    select.value = values.find(value => ranks.includes(value)) ?? "";
  }
  form.dispatchEvent(new Event("change"));
}
