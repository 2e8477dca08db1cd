"use client";

import { clsx } from "clsx";
import { useRouter } from "next/navigation";
import {
  createContext,
  type FormEvent,
  Fragment,
  type ReactNode,
  type RefObject,
  useActionState,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import type { FormState, StudioAction } from "../../_data/form-state.ts";
import {
  changedGroups,
  type FormValues,
  type PollReference,
  withGroups,
} from "../../_data/form-values.ts";
import { signInPath } from "../../_data/return-path.ts";
import { Button } from "../button.tsx";
import { announce } from "./announcement.ts";
import { AskDialog } from "./ask-dialog.tsx";
import { ConflictPanel } from "./conflict-panel.tsx";
import { fieldsOf } from "./fields-of.ts";
import { dropTextsOf, keepText } from "./kept-text.ts";
import { Outcome } from "./outcome.tsx";
import { RestoredNote } from "./restored-note.tsx";
import { send } from "./send.ts";
import { type TextControl, useFormText } from "./use-form-text.ts";

interface StudioFormProps {
  readonly action: StudioAction;
  /** The editor's id. */
  readonly editor: string;
  /** What the form is called among the poll's, or `new`. */
  readonly name: string;
  readonly poll?: PollReference;
  /** What is saved: the values of all fields. */
  readonly values: FormValues;
  readonly className?: string;
  /** The labels of fields whose errors are named above the buttons. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Called when the form has been typed in or filled. */
  readonly onText?: (form: HTMLFormElement) => void;
  readonly children: (values: FormValues, problems: FormState["problems"]) => ReactNode;
  /** The first submit button is the form's default. */
  readonly buttons: ReactNode;
}

const chosenSentence = "The form now has what you chose. Save it when it is right.";
const currentSentence = "You see the poll as it is saved now.";

interface Sender {
  readonly busy: boolean;
  readonly send: (extra: Readonly<Record<string, string>>) => void;
}

const SenderContext = createContext<Sender>({ busy: false, send: () => {} });

/**
 * A form of the studio. What is typed is kept on the device until it is saved; it is sent with the version that the form
 * was made from; acts that can't be taken back are asked about; errors get the focus, and success is said.
 */
export function StudioForm(props: StudioFormProps) {
  const { action, values, poll, buttons, children } = props;
  const form = useRef<HTMLFormElement>(null);
  const [plain, submitPlain] = useActionState(action, {});
  const control = useFormText(
    { editor: props.editor, form: nameOf(poll?.key, props.name) },
    { values, version: poll?.version ?? 0 },
    form,
  );
  const { text } = control;
  const { state: sent, busy, run, clear, lastExtra, refresh } = useSending(props, control, form);
  const state = sent ?? plain;
  // biome-ignore lint/correctness/useExhaustiveDependencies: filled anew
  useEffect(() => {
    if (form.current) props.onText?.(form.current);
  }, [text.filling]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const isNamed = submitter instanceof HTMLButtonElement && submitter.name !== "";
    void run(isNamed ? { [submitter.name]: submitter.value } : {});
  };
  return (
    <div className="has-[[data-conflict]]:basis-full">
      {state.conflict && (
        <ConflictPanel
          conflict={state.conflict}
          base={text.base}
          typed={form.current ? fieldsOf(form.current) : text.values}
          onChoice={own => {
            const { conflict } = state;
            if (!form.current || !conflict) return;
            const chosen = withGroups(conflict.values, fieldsOf(form.current), own);
            control.fill(chosen, conflict);
            clear({ saved: { sentence: own.length > 0 ? chosenSentence : currentSentence } });
            refresh();
          }}
        />
      )}
      <RestoredNote control={control} onDiscard={() => clear({})} />
      <form
        ref={form}
        action={submitPlain}
        onSubmit={submit}
        onInput={event => {
          control.keep();
          props.onText?.(event.currentTarget);
        }}
        className={clsx("flex flex-col gap-4", props.className)}
      >
        {poll && <Reference poll={poll} version={text.version} />}
        <Fragment key={text.filling}>{children(text.values, state.problems)}</Fragment>
        <Outcome state={state} labels={props.labels} form={form} />
        <SenderContext.Provider value={{ busy, send: extra => void run(extra) }}>
          <div className="flex flex-wrap items-center gap-3">{buttons}</div>
        </SenderContext.Provider>
      </form>
      {sent?.ask && (
        <AskDialog
          ask={sent.ask}
          problem={sent.problem}
          busy={busy}
          onConfirm={typedText =>
            void run({ ...lastExtra(), confirmed: sent.ask?.consequence ?? "", typedText })
          }
          onCancel={() => clear({})}
        />
      )}
    </div>
  );
}

const nameOf = (key: string | undefined, name: string) => (key ? `${key}/${name}` : name);

function Reference({ poll, version }: { poll: PollReference; version: number }) {
  const fields = { slug: poll.slug, key: poll.key, version: String(version) };
  return Object.entries(fields).map(([name, value]) => (
    <input key={name} type="hidden" name={`poll.${name}`} value={value} readOnly />
  ));
}

/** Sends the form, and acts on the answer. */
function useSending(
  { action, editor }: StudioFormProps,
  control: TextControl,
  form: RefObject<HTMLFormElement | null>,
) {
  const router = useRouter();
  const [state, setState] = useState<FormState>();
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  const extra = useRef<Readonly<Record<string, string>>>({});
  const run = async (wanted: Readonly<Record<string, string>>) => {
    if (!form.current || running.current) return;
    running.current = true;
    extra.current = wanted;
    setBusy(true);
    const typed = fieldsOf(form.current);
    const data = new FormData(form.current);
    data.set("changed", changedGroups(control.text.base, typed).join(" "));
    for (const [name, value] of Object.entries(wanted)) data.set(name, value);
    const answer = await send(action, data);
    running.current = false;
    setBusy(false);
    act(answer, typed);
  };
  const act = (answer: FormState, typed: FormValues) => {
    const { saved, conflict } = answer;
    if (answer.isSignedOut) {
      control.keep();
      router.push(signInPath(location.pathname + location.search));
      return;
    }
    if (conflict && isSavedAlready(conflict.values, control.text.base, typed)) {
      control.settle(typed, conflict.version);
      setState({ saved: { sentence: "This is saved already." } });
      router.refresh();
      return;
    }
    // The page that it leads to says it.
    setState(saved?.goTo ? {} : answer);
    if (!saved) return;
    control.settle(typed, saved.version ?? 0);
    if (saved.left) keepLeft(editor, saved.left);
    if (saved.forget) dropTextsOf(editor, `${saved.forget}/`);
    if (saved.goTo) {
      announce({ sentence: saved.sentence, path: saved.goTo });
      if (saved.goTo !== location.pathname) router.push(saved.goTo);
    }
    router.refresh();
  };
  return {
    state,
    busy,
    run,
    clear: setState,
    lastExtra: () => extra.current,
    refresh: router.refresh,
  };
}

/** The answer to an earlier try was lost. */
function isSavedAlready(saved: FormValues, base: FormValues, typed: FormValues): boolean {
  const own = changedGroups(base, typed);
  const differs = changedGroups(saved, typed);
  return own.length > 0 && !own.some(group => differs.includes(group));
}

/** What was typed and not saved moves to the form where it belongs. */
function keepLeft(
  editor: string,
  { form, key, values }: NonNullable<NonNullable<FormState["saved"]>["left"]>,
): void {
  keepText({ editor, form: nameOf(key, form) }, { values, base: {}, version: 1 });
}

/** A submit button. While the form is being sent it keeps the focus and does nothing. */
export function SubmitButton({
  variant = "primary",
  children,
}: {
  variant?: "primary" | "quiet" | "danger";
  children: ReactNode;
}) {
  const { busy } = useContext(SenderContext);
  return (
    <Button type="submit" variant={variant} aria-disabled={busy}>
      {children}
    </Button>
  );
}

/** A button for an act besides the form's default one. Enter in a field never takes it. */
export function IntentButton({ intent, children }: { intent: string; children: ReactNode }) {
  const { busy, send: act } = useContext(SenderContext);
  return (
    <Button variant="quiet" aria-disabled={busy} onClick={() => act({ intent })}>
      {children}
    </Button>
  );
}
