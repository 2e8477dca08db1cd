/**
 * Ranking by buttons. A tap on an unranked option gives it the next rank, and a tap on a rank takes it back. Ranked
 * options come first, in order.
 *
 * The selects stay the form's fields, hidden; readers without script use them directly.
 */
import { isolated } from "../words/outcome-sentence.ts";
import { formatNumber, say, setText, speakerOf } from "./card.ts";

type Move = "up" | "down" | "toggle";

export function rankByButtons(card: HTMLElement, form: HTMLFormElement): void {
  const rows = [...form.querySelectorAll<HTMLElement>(".poll-ranked")];
  const list = rows[0]?.closest(".poll-options");
  if (!list) return;
  const selectOf = (row: HTMLElement) => row.querySelector("select") as HTMLSelectElement;
  const ranked = () =>
    rows
      .filter(row => selectOf(row).selectedIndex > 0)
      .sort((a, b) => selectOf(a).selectedIndex - selectOf(b).selectedIndex);

  const write = (order: readonly HTMLElement[]) => {
    for (const row of rows) {
      const rank = order.indexOf(row) + 1;
      selectOf(row).selectedIndex = rank;
      row.dataset.rank = rank > 0 ? formatNumber(rank) : "–";
      const toggle = buttonOf(row, "toggle");
      toggle?.setAttribute("aria-label", sayRank(card, row, rank > 0));
      toggle?.setAttribute("aria-pressed", String(rank > 0));
      if (toggle) toggle.textContent = row.dataset.rank;
      disable(row, "up", rank === 1);
      disable(row, "down", rank === 0);
    }
    const wanted = [...order, ...rows.filter(row => !order.includes(row))];
    if (wanted.every((row, index) => row === list.children[index])) return;
    const { activeElement } = document;
    list.append(...wanted);
    if (activeElement instanceof HTMLElement) activeElement.focus();
  };

  const move = (row: HTMLElement, where: Move) => {
    let order = ranked();
    const at = order.indexOf(row);
    if (at === -1) {
      if (where !== "down") order = [...order, row];
    } else if (where === "toggle" || (where === "down" && at === order.length - 1)) {
      order.splice(at, 1);
    } else order.splice(Math.max(0, at + (where === "up" ? -1 : 1)), 0, ...order.splice(at, 1));
    write(order);
    form.dispatchEvent(new Event("change"));
    setText(card, "summary", sayRank(card, row, order.includes(row)));
  };

  // Everything that a tap needs has worked once before the selects are hidden: without it, readers use them. Called
  // here, because an event would swallow the exception.
  list.append(...rows);
  write(ranked());
  form.addEventListener("change", () => write(ranked()));
  for (const row of rows) {
    row.classList.add("poll-by-buttons");
    selectOf(row).hidden = true;
    buttonOf(row, "toggle")?.removeAttribute("hidden");
    row.addEventListener("click", ({ target }) => {
      const button = (target as Element).closest<HTMLElement>("[data-move]");
      if (button) move(row, button.dataset.move as Move);
      else if (selectOf(row).selectedIndex === 0) move(row, "up");
    });
  }
}

const buttonOf = (row: HTMLElement, name: Move) => row.querySelector(`[data-move=${name}]`);

function sayRank(card: HTMLElement, row: HTMLElement, isRanked: boolean): string {
  const { label = "", rank = "" } = row.dataset;
  const option = isolated(label, speakerOf(card).rightToLeft);
  return say(card, isRanked ? "ranked" : "unranked", { option, rank });
}

/** Disables a button for use but not for focus: the focus stays on it when an option reaches the top. */
function disable(row: HTMLElement, name: Move, disabled: boolean): void {
  buttonOf(row, name)?.setAttribute("aria-disabled", String(disabled));
}
