/**
 * The command line of every program: `--help`, one line for each mistake, and the exit statuses. Built on
 * commander.
 *
 * Invariant: a wrong option or setting, or a server that cannot be reached, ends in one line on standard error and
 *   no stack trace. A stack trace therefore always means a bug.
 * Invariant: status 0 means that the results were written as well.
 *
 * Source: sysexits.h for the exit statuses.
 */
import {
  Command,
  CommanderError,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from "commander";
import { SchemaInUse } from "../backup/session.ts";
import { ConfigError } from "../config/config.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { isStoreFailure } from "../store/failure.ts";
import { SchemaMismatch } from "../store/migrate.ts";
import { WrittenResults } from "./written-results.ts";

export const exitStatus = {
  ok: 0,
  failed: 1,
  /** The work is done, except for what the output says. */
  incomplete: 2,
  /** The command line is wrong. */
  usage: 64,
  /** The results could not be written. */
  output: 74,
  /** The same command may succeed in a moment. */
  tryAgain: 75,
  /** The settings or the schema are wrong: trying again does not help. */
  config: 78,
} as const;

/** A mistake on the command line that only the program itself can see, like a poll that does not exist. */
export class UsageError extends Error {}

/** The program cannot go on, and its message says all there is to say: no stack trace. */
export class ProgramFailure extends Error {}

/** Ends a program from within commander, which drops what an action returns. */
class ProgramEnd extends Error {
  readonly status: number;

  constructor(status: number) {
    super("the program has ended");
    this.status = status;
  }
}

export interface OptionHelp {
  /** As commander reads it: `--count <number>`. */
  readonly flags: string;
  readonly text: string;
  /** Reads the value. @throws InvalidArgumentError, as the readers below do. */
  readonly read?: (text: string) => unknown;
  readonly default?: unknown;
  readonly required?: boolean;
  /** Names of options that cannot be given together with this one, in camel case. */
  readonly conflicts?: readonly string[];
}

export interface ProgramHelp {
  readonly name: string;
  /** Half a line, for the list of commands. */
  readonly summary: string;
  readonly description: string;
  /** As commander reads it: `[names...]`. Without one, the program takes options only. */
  readonly argument?: string;
  readonly options?: readonly OptionHelp[];
  /** Exit statuses besides 64, 74 and 78. */
  readonly statuses?: Readonly<Record<number, string>>;
  readonly examples: readonly string[];
}

const statusesOfAll = {
  [exitStatus.usage]: "the command line is wrong",
  [exitStatus.output]: "standard output could not be written",
  [exitStatus.config]: "the settings are wrong, or the schema does not fit",
};

/**
 * Describes a program.
 *
 * @param run - does its work and gives the exit status; `undefined` leaves the process running.
 */
export function createProgram<O extends OptionValues>(
  help: ProgramHelp,
  run: (options: O, names: readonly string[]) => Promise<number | undefined>,
): Command {
  const command = quietCommand(help.name).summary(help.summary).description(help.description);
  if (help.argument) command.argument(help.argument);
  for (const option of help.options ?? []) command.addOption(toOption(option));
  const statuses = Object.entries({ ...help.statuses, ...statusesOfAll }).map(
    ([status, meaning]) => `  ${status.padEnd(4)}${meaning}`,
  );
  const examples = help.examples.map(example => `  ${example}`);
  const heading = examples.length > 1 ? "Examples:" : "Example:";
  const after = ["", "Exit status:", ...statuses, "", heading, ...examples];
  command.addHelpText("after", after.join("\n"));
  command.action(async () => {
    const status = await run(command.opts<O>(), command.args);
    if (status !== undefined) throw new ProgramEnd(status);
  });
  return command;
}

/**
 * A program, or a command, that does nothing but run one of `commands`.
 *
 * @param summary - half a line, for the list of commands that it is in itself.
 */
export function createProgramOf(
  name: string,
  description: string,
  commands: readonly Command[],
  summary = "",
): Command {
  const program = quietCommand(name).usage("<command> [options]").description(description);
  for (const command of commands) program.addCommand(command);
  const help = "`<command> --help` after this describes a command.";
  return program.summary(summary).addHelpText("after", `\n${help}`);
}

/** Throws instead of exiting, and leaves the message of an error to `runProgram`. */
function quietCommand(name: string): Command {
  return new Command(name)
    .helpOption("-h, --help", "show this help")
    .allowExcessArguments(false)
    .exitOverride()
    .configureHelp({ helpWidth: 100 })
    .configureOutput({ outputError: () => {} });
}

function toOption(help: OptionHelp): Option {
  const option = new Option(help.flags, help.text);
  if (help.read) option.argParser(help.read);
  if (help.default !== undefined) option.default(help.default);
  if (help.required) option.makeOptionMandatory();
  if (help.conflicts) option.conflicts([...help.conflicts]);
  return option;
}

/** Runs a program with the arguments of this process. Ends the process when it fails or has nothing left to do. */
export async function runProgram(
  program: Command,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const results = new WrittenResults(process.stdout, process.stderr.isTTY);
  process.stderr.on("error", () => {});
  try {
    const named = namedBy(program, args);
    const [wanted] = named;
    if (wanted.commands.length > 0 && named.length > args.length) {
      throw new UsageError("no command given");
    }
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    const name = nameOf(program, args);
    const ending = endingOf(error, name);
    if (!ending) throw error;
    if (ending.line) sayOfProgram(name, ending.line);
    process.exit(await statusWithResults(name, ending.status, results));
  }
}

/** The exit status once the results are written. A closed pipe was closed on purpose, and needs no line. */
async function statusWithResults(
  name: string,
  status: number,
  results: WrittenResults,
): Promise<number> {
  const failure = await results.failure();
  if (failure === undefined) return status;
  if (failure !== "EPIPE") sayOfProgram(name, `the results could not be written: ${failure}`);
  return status === exitStatus.ok ? exitStatus.output : status;
}

function sayOfProgram(name: string, sentence: string): void {
  process.stderr.write(`${name}: ${sentence.replaceAll(/\s+/g, " ")}\n`);
}

/** The command that `args` begin with, and those it belongs to; the program itself is the last. */
function namedBy(program: Command, args: readonly string[]): readonly [Command, ...Command[]] {
  let found: readonly [Command, ...Command[]] = [program];
  for (const arg of args) {
    const command: Command | undefined = found[0].commands.find(each => each.name() === arg);
    if (!command) break;
    found = [command, ...found];
  }
  return found;
}

const nameOf = (program: Command, args: readonly string[]): string =>
  namedBy(program, args)
    .map(command => command.name())
    .reverse()
    .join(" ");

interface Ending {
  readonly status: number;
  readonly line?: string;
}

/** `undefined` for a bug. */
function endingOf(error: unknown, name: string): Ending | undefined {
  if (error instanceof ProgramEnd) return { status: error.status };
  if (error instanceof CommanderError && error.exitCode === 0) return { status: exitStatus.ok };
  if (error instanceof CommanderError || error instanceof UsageError) {
    const line = `${error.message.replace(/^error: /, "")} (see ${name} --help)`;
    return { status: exitStatus.usage, line };
  }
  if (error instanceof ConfigError) {
    return { status: exitStatus.config, line: `wrong settings: ${error.problems.join("; ")}` };
  }
  if (error instanceof SchemaMismatch) return { status: exitStatus.config, line: error.message };
  if (error instanceof SchemaInUse) return { status: exitStatus.tryAgain, line: error.message };
  if (error instanceof ProgramFailure) return { status: exitStatus.failed, line: error.message };
  return isOutage(error) ? { status: exitStatus.failed, line: reasonOf(error) } : undefined;
}

/** A server, a file or a port that could not be used. Codes of Node's own (`ERR_…`) are bugs of ours. */
export function isOutage(error: unknown): error is Error {
  if (isStoreFailure(error) || isMemcachedFailure(error)) return true;
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as Error & { code?: unknown };
  if (typeof code === "string" && !code.startsWith("ERR_")) return true;
  return isOutage(cause);
}

/** What the line on standard error says about an outage. */
export function reasonOf(error: Error): string {
  const { code, cause } = error as Error & { code?: unknown };
  const reason = error.message || String(code ?? error.name);
  return cause instanceof Error ? `${reason} (${reasonOf(cause)})` : reason;
}

/** Reads a whole number. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  return text => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number${range}.`);
  };
}

/** Reads an address of one of `protocols`. */
export function address(...protocols: readonly string[]): (text: string) => string {
  return text => {
    const url = URL.parse(text);
    if (url && protocols.includes(url.protocol.slice(0, -1))) return text;
    const beginnings = protocols.map(each => `${each}://`).join(" or ");
    throw new InvalidArgumentError(
      `It must be an address that begins with ${beginnings}, with a host and a port from 1 to 65535, if any.`,
    );
  };
}

/** Reads a text that `check` takes. Its RangeError has the rest of a sentence that begins with "It". */
export function checkedBy(check: (text: string) => unknown): (text: string) => string {
  return text => {
    try {
      check(text);
      return text;
    } catch (error) {
      if (error instanceof RangeError) throw new InvalidArgumentError(`It ${error.message}.`);
      throw error;
    }
  };
}
