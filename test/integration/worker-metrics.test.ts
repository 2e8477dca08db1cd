/** The worker's metrics on a fresh site: nothing has happened, and every series is there for an alert to watch. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Site } from "#test/support/site.ts";

/** Each series as Prometheus identifies it: a name, and labels by their names. */
interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const labelsIn = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );

function seriesIn(text: string): Series[] {
  return [...text.matchAll(/^(floodgate_\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = "", labels = "", value]) => ({
      name,
      labels: labelsIn(labels),
      value: Number(value),
    }),
  );
}

/** Every combination of one value for each name. */
const combinations = (values: readonly (readonly [string, readonly string[]])[]) =>
  values.reduce<Record<string, string>[]>(
    (all, [name, each]) => all.flatMap(one => each.map(value => ({ ...one, [name]: value }))),
    [{}],
  );

/** The rows of the table in docs/monitoring.md: labels with their values, of which `server` has those of the site. */
function catalogue(servers: readonly string[]) {
  const page = readFileSync("docs/monitoring.md", "utf8");
  return [...page.matchAll(/^\| `([a-z_]+)` \|(.*?)\|/gm)].map(([, metric = "", cell = ""]) => {
    const labels = [...cell.matchAll(/`(\w+)`(?:: ([^`]*[^`, ]))?/g)].map(
      ([, name = "", listed]): [string, string[]] => {
        const values = name === "server" ? servers : (listed?.split(", ") ?? []);
        return [name, values.flatMap(each => (each === "each server" ? servers : [each]))];
      },
    );
    return { name: `floodgate_${metric}`, labels };
  });
}

const matches = (series: Series, name: string, labels: Record<string, string>) =>
  series.name === name &&
  Object.entries(labels).every(([label, value]) => series.labels[label] === value);

describe("the metrics of a fresh site", () => {
  let site: Site;
  let text = "";
  let exposed: readonly Series[] = [];
  before(async () => {
    site = await Site.start({ memcached: [{}, {}] });
    // A worker that has done nothing yet.
    const worker = await site.addWorker();
    text = await (await fetch(`${worker.url}/metrics`)).text();
    exposed = seriesIn(text);
  });
  after(() => site.stop());

  const servers = () => site.memcached.map(({ address }) => address);

  it("every metric of the documentation has a series for each value of its labels", () => {
    for (const { name, labels } of catalogue(servers())) {
      if (labels.some(([label]) => label === "le")) {
        assert.match(text, new RegExp(`^${name}_count 0$`, "m"));
        continue;
      }
      for (const wanted of combinations(labels)) {
        const found = exposed.filter(each => matches(each, name, wanted));
        assert.equal(found.length, 1, `${name} ${JSON.stringify(wanted)}`);
      }
    }
  });

  it("every metric that the worker exposes is in the documentation, with its labels", () => {
    const known = new Map(catalogue(servers()).map(({ name, labels }) => [name, labels]));
    for (const { name, labels } of exposed) {
      const documented = known.get(name.replace(/_(?:bucket|sum|count)$/, ""));
      assert.ok(documented, name);
      const others = Object.keys(labels).filter(
        label => label !== "le" && !documented.some(([each]) => each === label),
      );
      assert.deepEqual(others, [], name);
    }
  });

  it("each alert and each panel of the dashboard asks for series that are there from the start", () => {
    for (const file of ["alerts.yml", "grafana-dashboard.json"]) {
      const content = readFileSync(`docs/monitoring/${file}`, "utf8").replaceAll('\\"', '"');
      const asked = [...content.matchAll(/(floodgate_[a-z_]+)(?:\{([^}]*)\})?/g)];
      assert.ok(asked.length > 5, file);
      for (const [, name = "", labels = ""] of asked) {
        const found = exposed.some(each => matches(each, name, labelsIn(labels)));
        assert.ok(found, `${file} asks for ${name}{${labels}}`);
      }
    }
  });

  it("no alert about a state fires on a fresh site", () => {
    const valuesOf = (name: string) =>
      exposed.filter(each => each.name === `floodgate_${name}`).map(({ value }) => value);
    assert.deepEqual(valuesOf("books_balanced"), [1]);
    for (const name of ["queues_standing_still", "queue_oldest_seconds", "memcached_evictions"]) {
      for (const value of valuesOf(name)) assert.equal(value, 0, name);
    }
    for (const name of ["clock_ahead_seconds", "processes_clock_wrong", "fronts_missing"]) {
      for (const value of valuesOf(name)) assert.equal(value, 0, name);
    }
    assert.ok(valuesOf("front_held_seconds").every(value => value < 30));
  });
});
