"use client";

import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { changedGroups, type FormValues } from "../../_data/form-values.ts";
import { fieldsOf, isTypedIn } from "./fields-of.ts";
import {
  dropKey,
  dropOldTexts,
  dropText,
  type FormName,
  type KeptText,
  keepText,
  keptText,
  textOfOtherTab,
} from "./kept-text.ts";

/** What a form shows, and what it was made from. */
export interface FormText {
  readonly values: FormValues;
  readonly base: FormValues;
  /** The poll's version that the form was made from; 0 for a new poll. */
  readonly version: number;
  /** Another number: the fields are filled anew. */
  readonly filling: number;
  /** When the text was typed that was restored. */
  readonly restoredAtMs?: number;
}

interface Saved {
  readonly values: FormValues;
  readonly version: number;
}

export interface TextControl {
  readonly text: FormText;
  readonly otherTab: { readonly key: string; readonly text: KeptText } | undefined;
  /** Keeps what is typed now on the device. */
  readonly keep: () => void;
  /** Fills the form with other values, made from other ones. */
  readonly fill: (values: FormValues, from: Saved) => void;
  /** What was sent is saved: the form is made from it from now on. */
  readonly settle: (sent: FormValues, version: number) => void;
  /** Back to what is saved. */
  readonly discard: () => void;
  readonly takeOtherTab: () => void;
  readonly dropOtherTab: () => void;
}

/**
 * A form's text: from the server, or, when this tab has kept what was typed, from there. A newer version of the poll is
 * taken over while nothing was typed, and while it left this form's fields alone.
 */
export function useFormText(
  name: FormName,
  saved: Saved,
  form: RefObject<HTMLFormElement | null>,
): TextControl {
  const [text, setText] = useState<FormText>({ ...saved, base: saved.values, filling: 0 });
  const [otherTab, setOtherTab] = useState<TextControl["otherTab"]>();
  const { editor, form: formName } = name;
  const focused = useRef<string>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was kept is restored once for each form
  useLayoutEffect(() => {
    dropOldTexts();
    const kept = keptText(name);
    if (kept) return setText(now => restored(now, kept));
    setOtherTab(textOfOtherTab(name));
    if (!form.current || !isTypedIn(form.current)) return;
    // Typed before the page's script had begun. The next rendering would fill the fields from what is saved.
    const typed = fieldsOf(form.current);
    focused.current = focusedField(form.current);
    keepText(name, { values: typed, base: saved.values, version: saved.version });
    setText(now => ({ ...now, values: { ...now.values, ...typed }, filling: now.filling + 1 }));
  }, [editor, formName]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fields that are filled anew are other elements
  useLayoutEffect(() => {
    if (text.filling === 0) return;
    const field = form.current?.elements.namedItem(focused.current ?? "");
    focused.current = undefined;
    if (field instanceof HTMLElement) field.focus();
  }, [text.filling]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new version can bring other values
  useEffect(() => {
    if (form.current) {
      const typed = fieldsOf(form.current);
      setText(now => renewed(now, saved, typed));
    }
  }, [saved.version]);
  const keep = () => {
    if (!form.current) return;
    const values = fieldsOf(form.current);
    const { base, version } = text;
    if (changedGroups(base, values).length === 0) dropText(name);
    else keepText(name, { values, base, version });
  };
  const fill = (values: FormValues, { values: base, version }: Saved) => {
    if (changedGroups(base, values).length === 0) dropText(name);
    else keepText(name, { values, base, version });
    setText(now => ({ values, base, version, filling: now.filling + 1 }));
  };
  return {
    text,
    otherTab,
    keep,
    fill,
    settle: (sent, version) => {
      dropText(name);
      setText(({ base, filling, values }) => ({
        values,
        base: { ...base, ...sent },
        version,
        filling,
      }));
    },
    discard: () => fill(saved.values, saved),
    takeOtherTab: () => {
      if (!otherTab) return;
      dropKey(otherTab.key);
      keepText(name, otherTab.text);
      setText(now => restored(now, otherTab.text));
      setOtherTab(undefined);
    },
    dropOtherTab: () => {
      if (otherTab) dropKey(otherTab.key);
      setOtherTab(undefined);
    },
  };
}

function focusedField(form: HTMLFormElement): string | undefined {
  const { activeElement } = document;
  const isIn = activeElement && form.contains(activeElement);
  return isIn ? (activeElement.getAttribute("name") ?? undefined) : undefined;
}

function restored(now: FormText, { values, base, version, atMs }: KeptText): FormText {
  return {
    values: { ...base, ...values },
    base,
    version,
    filling: now.filling + 1,
    restoredAtMs: atMs,
  };
}

function renewed(now: FormText, saved: Saved, typed: FormValues): FormText {
  if (saved.version === now.version) return now;
  const { values: base, version } = saved;
  if (changedGroups(now.base, typed).length === 0) {
    const isSame = changedGroups(base, typed).length === 0;
    return { values: base, base, version, filling: isSame ? now.filling : now.filling + 1 };
  }
  const shown = Object.fromEntries(Object.keys(typed).map(name => [name, base[name] ?? ""]));
  // Another of its fields was changed: the editor decides when saving.
  if (changedGroups(now.base, shown).length > 0) return now;
  return { ...now, base, version };
}
