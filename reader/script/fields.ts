/** Reads and fills the fields of the vote form, and keeps them within the poll's rules. */
import { formatNumber, part, say, setText } from "./card.ts";

/** The choices as the API takes them; `undefined` when they are against the poll's rules. */
export function choicesIn(card: HTMLElement, form: HTMLFormElement): string[] | undefined {
  const { choicesMin, choicesMax } = card.dataset;
  const choices = fieldsIn(form);
  const count = choices?.length ?? 0;
  return count < Number(choicesMin) || count > Number(choicesMax) ? undefined : choices;
}

/** After each change of the form, a warning that has been heeded goes, and `limitChoices` holds. */
export function followRules(card: HTMLElement, form: HTMLFormElement): void {
  form.addEventListener("change", () => {
    const message = part(card, "message");
    if (message?.textContent === say(card, "choose") && choicesIn(card, form)) {
      message.hidden = true;
      message.textContent = "";
    }
  });
  if (POLL_KIND === "choice") limitChoices(card, form);
}

/** No more options can be ticked than the poll allows. */
function limitChoices(card: HTMLElement, form: HTMLFormElement): void {
  const boxes = [...form.querySelectorAll<HTMLInputElement>("[type=checkbox]")];
  const follow = () => {
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
  part(card, "chosen")?.setAttribute("aria-live", "polite");
}

/** `undefined` when a rank was given twice. */
function fieldsIn(form: HTMLFormElement): string[] | undefined {
  const fields = [...new FormData(form)].flatMap(([name, value]) =>
    name.startsWith("choice") && value !== "" ? [String(value)] : [],
  );
  if (POLL_KIND !== "ranked") return fields;
  const ids: string[] = [];
  for (const [id = "", rank] of fields.map(field => field.split(":"))) {
    if (ids[Number(rank)] !== undefined) return undefined;
    ids[Number(rank)] = id;
  }
  return ids.filter(Boolean);
}

export function fillForm(form: HTMLFormElement, choices: readonly string[]): void {
  if (POLL_KIND === "ranked") {
    const ranks = choices.map((id, index) => `${id}:${index + 1}`);
    for (const option of form.querySelectorAll("option")) {
      option.selected = option.value === "" || ranks.includes(option.value);
    }
  } else {
    const fields = form.querySelectorAll<HTMLInputElement>("input:not([type=hidden])");
    for (const field of fields) field.checked = field.value === "" || choices.includes(field.value);
  }
  form.dispatchEvent(new Event("change"));
}
