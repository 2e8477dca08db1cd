#!/usr/bin/env node
/**
 * `floodgate <command>`: the program for operators. Each command is a file of `cli/commands/`, loaded when it is
 * asked for: a flush every minute does not pay for the sign-in library.
 *
 * To be run in the folder of Floodgate: migrations are read from `sql/` there.
 */
import { createProgramOf, runProgram } from "#lib/program/command-line.ts";

const commands = {
  flush: () => import("./commands/flush.ts"),
  recount: () => import("./commands/recount.ts"),
  "dead-letters": () => import("./commands/dead-letters.ts"),
  reopen: () => import("./commands/reopen.ts"),
  draw: () => import("./commands/draw.ts"),
  doctor: () => import("./commands/doctor.ts"),
  backup: () => import("./commands/backup.ts"),
  restore: () => import("./commands/restore.ts"),
  editor: () => import("./commands/editor.ts"),
  token: () => import("./commands/token.ts"),
  migrate: () => import("./commands/migrate.ts"),
  seed: () => import("./commands/seed.ts"),
};

const [name = ""] = process.argv.slice(2);
const wanted = Object.entries(commands).filter(([each]) => each === name);
const loaded = await Promise.all(
  (wanted.length > 0 ? wanted : Object.entries(commands)).map(([, load]) => load()),
);
const description =
  "Everything that an operator runs by hand or from cron. Settings come from the environment; where it names no " +
  "server, they are those of the site that `npm run up` started in this folder.";
await runProgram(
  createProgramOf(
    "floodgate",
    description,
    loaded.map(({ command }) => command),
  ),
);
