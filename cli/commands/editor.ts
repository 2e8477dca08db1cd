/** `floodgate editor`: who may sign in to the studio. */
import { plural } from "#lib/base/human-readable.ts";
import { sayTime } from "#lib/base/time-zone.ts";
import { editorName } from "#lib/editors/named-editor.ts";
import type { PasswordLink } from "#lib/editors/password-links.ts";
import {
  createProgram,
  createProgramOf,
  exitStatus,
  ProgramFailure,
  UsageError,
} from "#lib/program/command-line.ts";
import { findEditor, hasAdmin, listEditors, removeEditor } from "#lib/store/editors.ts";
import { print, remark } from "../print.ts";
import { editorWith, readEmail, readName, withSignIn } from "../sign-in.ts";

const mysqlAway = "MySQL could not be used";

interface AddOptions {
  readonly name?: string;
  readonly admin?: true;
}

/** The link on standard output, for scripts; what it is beside it. */
function showLink(email: string, { url, expiresAt }: PasswordLink): void {
  const until = sayTime(expiresAt.getTime(), "UTC");
  remark(`${email} sets a password at this address. It works once, until ${until}:`);
  print(url);
}

const add = createProgram<AddOptions>(
  {
    name: "add",
    summary: "add an editor, and print the link to set a password",
    description:
      "Adds an editor and prints a link at which they set a password and are signed in. It works once, for 24 hours: send " +
      "it to that editor only. The first editor of a site is an admin.",
    argument: "<email>",
    options: [
      { flags: "--name <name>", text: "the name that others see (the address before its @)" },
      { flags: "--admin", text: "may manage other editors" },
    ],
    statuses: { 0: "the editor is added", 1: mysqlAway },
    examples: ['floodgate editor add jane@newsroom.example --name "Jane Okafor"'],
  },
  async (options, names) => {
    const email = readEmail(names);
    const name = readName(options.name ?? email.slice(0, email.indexOf("@")), editorName);
    await withSignIn(async (store, auth) => {
      const exists = `${email} is an editor already; for a new link: floodgate editor reset ${email}`;
      if (await findEditor(store, email)) throw new UsageError(exists);
      const role = options.admin || !(await hasAdmin(store)) ? "admin" : "editor";
      const editor = await auth.createEditor({ email, name, role }).catch(async error => {
        if (await findEditor(store, email)) throw new UsageError(exists);
        throw error;
      });
      showLink(email, await auth.passwordLinks.create(editor));
    });
    return exitStatus.ok;
  },
);

const reset = createProgram(
  {
    name: "reset",
    summary: "print a new link to set a password",
    description:
      "Prints a link at which an editor sets a new password. It works once, for 24 hours; links from before end now. The " +
      "old password works until the new one is set, which also ends the editor's sessions.",
    argument: "<email>",
    statuses: { 0: "there is a new link", 1: mysqlAway },
    examples: ["floodgate editor reset jane@newsroom.example"],
  },
  async (_, names) => {
    const email = readEmail(names);
    await withSignIn(async (store, auth) => {
      showLink(email, await auth.passwordLinks.create(await editorWith(store, email)));
    });
    return exitStatus.ok;
  },
);

const list = createProgram(
  {
    name: "list",
    summary: "list the editors",
    description: "One line for each editor: address, name, role, and what is missing.",
    statuses: { 0: "they are listed", 1: mysqlAway },
    examples: ["floodgate editor list"],
  },
  async () => {
    const editors = await withSignIn(listEditors);
    for (const { email, name, role, hasPassword, tokens } of editors) {
      const parts = [email, name, role, hasPassword ? "" : "no password yet"];
      if (tokens > 0) parts.push(plural(tokens, "API token"));
      print(parts.filter(part => part !== "").join(" · "));
    }
    if (editors.length === 0) remark("no editors; for the first one: floodgate editor add <email>");
    return exitStatus.ok;
  },
);

const remove = createProgram(
  {
    name: "remove",
    summary: "remove an editor",
    description:
      "Removes an editor: they are signed out, and their links and API tokens end. Their polls stay. The last admin is " +
      "not removed: add another one first.",
    argument: "<email>",
    statuses: { 0: "the editor is removed", 1: "it is the last admin, or MySQL could not be used" },
    examples: ["floodgate editor remove jane@newsroom.example"],
  },
  async (_, names) => {
    const email = readEmail(names);
    const outcome = await withSignIn(store => removeEditor(store, email));
    if (outcome === "unknown") throw new UsageError(`no editor has the address ${email}`);
    if (outcome === "last_admin") {
      const first = "add another one first: floodgate editor add <email> --admin";
      throw new ProgramFailure(`${email} is the last admin and was not removed; ${first}`);
    }
    print(`removed ${email}`);
    return exitStatus.ok;
  },
);

export const command = createProgramOf(
  "editor",
  "Editors sign in to the studio. They are added here: there is no sign-up.",
  [add, list, reset, remove],
  "add, list and remove editors, and give them a link to set a password",
);
