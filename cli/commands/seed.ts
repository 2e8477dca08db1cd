/**
 * `floodgate seed`: a first editor with an API token, and three polls, when the database has neither. Prints what
 * it made as one line of JSON: password and token can be read at no other time.
 */
import { randomBytes } from "node:crypto";
import { DAY, HOUR, SECOND } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import type { Config } from "#lib/config/config.ts";
import { createToken } from "#lib/editors/api-tokens.ts";
import { sharedSecret } from "#lib/fleet/secret-rotation.ts";
import { type CreateDeps, createPoll } from "#lib/polls/create.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import type { CreatePoll } from "#lib/polls/schema.ts";
import { createProgram, exitStatus } from "#lib/program/command-line.ts";
import { type Connections, connectServers } from "#lib/program/connections.ts";
import { newestPolls } from "#lib/store/polls.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";
import { signIn } from "../sign-in.ts";

const statementMsMax = 30 * SECOND;

export const command = createProgram(
  {
    name: "seed",
    summary: "make a first editor and sample polls in an empty database",
    description:
      "Makes an editor with an API token when there is no editor, and three polls when there is no poll. Prints one " +
      "line of JSON: `editor` (null when there was one) and the slugs of the new polls. Password and token cannot be " +
      "read again.",
    statuses: { 0: "done, or there was nothing to do", 1: "a server could not be used" },
    examples: ["floodgate seed"],
  },
  seed,
);

/** Polls as a newsroom has them: one for the front page, one with several choices, one for tonight. */
function samplePolls(nowMs: number): CreatePoll[] {
  const options = (...labels: string[]) => labels.map(label => ({ label }));
  return [
    {
      slug: "harbour-cars",
      question: "Should the old harbour be closed to cars?",
      description: "The council votes on Tuesday.",
      options: options(
        "Yes, all year round",
        "Yes, but only from May to September",
        "No",
        "I don’t go there",
      ),
      choicesMin: 1,
      choicesMax: 1,
      opensAt: nowMs,
      closesAt: nowMs + 2 * DAY,
    },
    {
      slug: "city-budget",
      question: "What should the city spend more on?",
      description: "The budget for next year is being written now.",
      options: options(
        "Schools",
        "Buses and trams",
        "Parks and playgrounds",
        "Libraries",
        "Care for the elderly",
        "Road repairs",
      ),
      choicesMin: 1,
      choicesMax: 3,
      opensAt: nowMs,
      closesAt: nowMs + 7 * DAY,
    },
    {
      slug: "derby-player-of-the-match",
      question: "Who was player of the match?",
      description: "",
      options: options("Amira Lindqvist", "Jonas Okafor", "Elin Marković", "Tariq Svensson"),
      choicesMin: 1,
      choicesMax: 1,
      opensAt: nowMs + 6 * HOUR,
      closesAt: nowMs + 30 * HOUR,
    },
  ];
}

interface FirstEditor {
  readonly email: string;
  readonly password: string;
  readonly apiToken: string;
}

async function firstEditor(config: Config, connections: Connections): Promise<FirstEditor | null> {
  const { store, clock } = connections;
  const editors = await store.rows("seed.editors", "SELECT id FROM editors LIMIT 1");
  if (editors.length > 0) return null;
  const email = "editor@newsroom.example";
  const password = randomBytes(15).toString("base64url");
  const first = { name: "First Editor", email, role: "admin" } as const;
  const editor = await signIn(config, connections).createEditor(first, password);
  const apiToken = await createToken(store, editor, "made by the first start", clock.nowMs());
  return { email, password, apiToken };
}

async function seed(): Promise<number> {
  const { config } = operatorSettings();
  const log = createLog("seed", "warn");
  const limits = { connectionsMax: 2, statementMs: statementMsMax };
  const connections = connectServers(config, log, limits);
  const { store, clock, placement, close } = connections;
  const edit: CreateDeps = {
    store,
    log,
    tallies: placement,
    published: new PublishedPolls(placement, store, log),
    secretForNewPolls: () => sharedSecret(store, config),
  };
  try {
    // MySQL first: without it, there is one line about it and nothing else.
    const isNew = (await newestPolls(store, 1)).length === 0;
    await connections.agreed.makeFirst();
    await clock.measure();
    const editor = await firstEditor(config, connections);
    const polls: string[] = [];
    if (isNew) {
      const nowMs = clock.nowMs();
      for (const poll of samplePolls(nowMs)) {
        polls.push((await createPoll(edit, poll, nowMs)).slug);
      }
    }
    print(JSON.stringify({ editor, polls }));
    return exitStatus.ok;
  } finally {
    await close();
  }
}
