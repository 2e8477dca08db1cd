/** `floodgate token`: API tokens, with which programs act as an editor. */
import { wallMs } from "#lib/base/clock.ts";
import { sayTime } from "#lib/base/time-zone.ts";
import { lineOfText } from "#lib/base/written-text.ts";
import { createToken } from "#lib/editors/api-tokens.ts";
import {
  createProgram,
  createProgramOf,
  exitStatus,
  UsageError,
} from "#lib/program/command-line.ts";
import { deleteToken, listTokens } from "#lib/store/api-tokens.ts";
import { print, remark } from "../print.ts";
import { editorWith, onlyOne, readEmail, readName, withSignIn } from "../sign-in.ts";

const mysqlAway = "MySQL could not be used";
const tokenName = lineOfText(100);

const add = createProgram<{ readonly name: string }>(
  {
    name: "add",
    summary: "make an API token for an editor, and print it",
    description:
      "Makes a token with which a program may do in the API what the editor may do in the studio. It is printed once: " +
      "only its digest is stored. It does not expire; `floodgate token remove` ends it.",
    argument: "<email>",
    options: [{ flags: "--name <name>", text: "what it is for", required: true }],
    statuses: { 0: "the token is made", 1: mysqlAway },
    examples: ['floodgate token add jane@newsroom.example --name "import from the CMS"'],
  },
  async (options, names) => {
    const email = readEmail(names);
    const name = readName(options.name, tokenName);
    const token = await withSignIn(async store =>
      createToken(store, await editorWith(store, email), name, wallMs()),
    );
    remark(`a token of ${email}, which can't be read again:`);
    print(token);
    return exitStatus.ok;
  },
);

const list = createProgram(
  {
    name: "list",
    summary: "list the API tokens",
    description: "One line for each token: its number, its editor, what it is for, and since when.",
    statuses: { 0: "they are listed", 1: mysqlAway },
    examples: ["floodgate token list"],
  },
  async () => {
    const tokens = await withSignIn(listTokens);
    for (const { id, email, name, createdAtMs } of tokens) {
      print([id, email, name, sayTime(createdAtMs, "UTC")].join(" · "));
    }
    if (tokens.length === 0) remark("no tokens; to make one: floodgate token add <email> --name …");
    return exitStatus.ok;
  },
);

const remove = createProgram(
  {
    name: "remove",
    summary: "end an API token",
    description:
      "Ends a token by its number in `floodgate token list`. Requests with it are refused at once.",
    argument: "<number>",
    statuses: { 0: "the token has ended", 1: mysqlAway },
    examples: ["floodgate token remove 3"],
  },
  async (_, names) => {
    const text = onlyOne(names, "the number of a token");
    const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
    if (id === undefined) throw new UsageError(`"${text}" is not the number of a token`);
    if (!(await withSignIn(store => deleteToken(store, id)))) {
      throw new UsageError(`there is no token ${id}; see floodgate token list`);
    }
    print(`removed token ${id}`);
    return exitStatus.ok;
  },
);

export const command = createProgramOf(
  "token",
  "API tokens let programs make and edit polls as an editor.",
  [add, list, remove],
  "make, list and end API tokens",
);
