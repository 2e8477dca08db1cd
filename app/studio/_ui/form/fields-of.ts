/** A form's fields as text, by name; a checkbox that is not checked is empty. */
import type { FormValues } from "../../_data/form-values.ts";

/** React's own fields, and those that say which poll the form is about. */
const isForeign = (name: string) => name === "" || /^(?:\$|poll\.)/.test(name);

export function fieldsOf(form: HTMLFormElement): FormValues {
  const values: Record<string, string> = {};
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && !isForeign(field.name)) {
      const isChoice = field.type === "radio" || field.type === "checkbox";
      if (!isChoice || field.checked) values[field.name] = field.value;
      else if (field.type === "checkbox") values[field.name] = "";
    } else if (field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) {
      if (!isForeign(field.name)) values[field.name] = field.value;
    }
  }
  return values;
}

/** True when a field is not as the page had it: the editor has typed or chosen. */
export function isTypedIn(form: HTMLFormElement): boolean {
  return [...form.elements].some(field => {
    if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
    if (!(field instanceof HTMLInputElement)) return false;
    return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  });
}
