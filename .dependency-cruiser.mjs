/**
 * Who may import whom: the architecture, as rules. Each rule says what to do instead.
 * `test/architecture.test.ts` plants violations and sees that they are caught.
 */

/**
 * The folders of lib/, lowest first. A folder may import the ones before it and nothing else of lib/: whatever is
 * not allowed here is forbidden, and so is a file in no folder of this list.
 */
const folders = [
  "base",
  "model",
  "config",
  "memcached",
  "store",
  "backup",
  "http",
  "voters",
  "tallies",
  "queue",
  "polls",
  "rebuild",
  "books",
  "fleet",
  "flush",
  "results",
  "receipts",
  "health",
  "ballots",
  "audit",
  "editors",
  "program",
  "web",
];

/**
 * The folders of reader/, lowest first. Files directly in reader/ answer requests and may import every folder; every
 * folder may import `reader/generated.ts`.
 */
const readerFolders = ["design", "words", "embed", "script", "views", "picture"];

const inFolders = names => `^lib/(${names.join("|")})/`;
const unitTests = "\\.test\\.ts$";

const downwardOnly = folders.map((folder, index) => ({
  name: `lib-${folder}`,
  comment:
    "Inside lib/, imports go down the list of folders only: move what both need into the lower one.",
  severity: "error",
  from: { path: inFolders([folder]), pathNot: unitTests },
  to: { path: "^lib/", pathNot: inFolders(folders.slice(0, index + 1)) },
}));

const inReader = names => `^reader/(${names.join("|")})/`;

const readerDownwardOnly = readerFolders.map((folder, index) => ({
  name: `reader-${folder}`,
  comment:
    "Inside reader/, imports go down the list of folders only: move what both need into the lower one.",
  severity: "error",
  from: { path: inReader([folder]), pathNot: unitTests },
  to: {
    path: "^reader/",
    pathNot: ["^reader/generated\\.ts$", inReader(readerFolders.slice(0, index + 1))],
  },
}));

const listedFoldersOnly = ["from", "to"].map(end => ({
  name: `lib-folder-${end}`,
  comment:
    "Every file of lib/ is in a folder of the list above: put it into one, or add its folder.",
  severity: "error",
  from: {},
  to: {},
  [end]: { path: "^lib/", pathNot: inFolders(folders) },
}));

const only = (name, comment, packageName, allowed) => ({
  name,
  comment,
  severity: "error",
  from: { path: "^(app|bench|cli|lib|reader|server|worker|scripts)/", pathNot: allowed },
  to: { path: `node_modules/${packageName}/` },
});

export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Import cycle: move what both modules need into a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "No module imports it: delete it, or import it.",
      severity: "error",
      from: {
        orphan: true,
        pathNot: [
          "\\.d\\.ts$",
          "^(app|reader/embed)/",
          "\\.config\\.(ts|mjs)$",
          "^\\.",
          "\\.test\\.ts$",
          "\\.spec\\.ts$",
          "\\.(css|json)$",
          "^scripts/",
        ],
      },
      to: {},
    },
    {
      name: "no-unresolvable",
      comment: "It does not exist.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "lib-knows-no-framework",
      comment: "lib/ runs unchanged in a route, in the daemon and in cron: hand it what it needs.",
      severity: "error",
      from: { path: "^lib/" },
      to: {
        path: [
          "^(app|cli|server|worker|reader|test|e2e|bench|scripts)/",
          "node_modules/(next|react|react-dom)/",
        ],
      },
    },
    {
      name: "app-imports-lib-and-reader",
      comment: "Routes and pages are thin: what they need goes into lib/ or reader/.",
      severity: "error",
      from: { path: "^app/" },
      to: { path: "^(cli|server|worker|test|e2e|bench|scripts)/" },
    },
    {
      name: "reader-imports-lib",
      comment: "Readers' pages are functions of what they show.",
      severity: "error",
      from: { path: "^reader/" },
      to: {
        path: [
          "^(app|cli|server|worker|test|e2e|bench|scripts)/",
          "node_modules/(next|react|react-dom)/",
        ],
      },
    },
    {
      name: "script-stays-light",
      comment: "It is downloaded with every poll: the texts that it needs come with the page.",
      severity: "error",
      from: { path: "^reader/script/" },
      to: {
        path: "^reader/(words|views|picture)/",
        pathNot: "/(format-time|outcome-sentence)\\.ts$",
      },
    },
    {
      name: "embed-imports-nothing",
      comment: "It is downloaded by every reader of every article, and knows nothing of the rest.",
      severity: "error",
      from: { path: "^reader/embed/" },
      to: {},
    },
    {
      name: "server-imports-routes-only",
      comment: "Of app/, the front may import route functions and nothing else.",
      severity: "error",
      from: { path: "^server/" },
      to: {
        path: ["^app/", "^(cli|worker|test|e2e|bench|scripts)/"],
        pathNot: "^app/.*/?route\\.ts$",
      },
    },
    {
      name: "worker-imports-lib",
      comment: "The worker is lib/ and a loop.",
      severity: "error",
      from: { path: "^worker/", pathNot: unitTests },
      to: { path: "^(app|cli|server|reader|test|e2e|bench|scripts)/" },
    },
    {
      name: "cli-imports-lib-and-worker",
      comment: "Commands are thin: a flush is the worker's pass, all else is in lib/.",
      severity: "error",
      from: { path: "^cli/" },
      to: { path: "^(app|server|reader|test|e2e|bench|scripts)/" },
    },
    {
      name: "hot-routes-stay-light",
      comment: "The front calls these without Next: nothing of Next or React may be in them.",
      severity: "error",
      from: { path: "^app/.*route\\.ts$" },
      to: { path: "node_modules/(next|react|react-dom)/" },
    },
    {
      name: "serving-process-stays-light",
      comment:
        "The sign-in library costs 0.3 s and 40 MB, and serving processes never need it: call front.auth(), which loads it on demand.",
      severity: "error",
      from: { path: "^(app|lib|reader|server|worker)/" },
      to: {
        path: "^lib/editors/auth\\.ts$",
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    },
    ...downwardOnly,
    ...readerDownwardOnly,
    ...listedFoldersOnly,
    only(
      "only-auth-imports-better-auth",
      "Use lib/editors/auth.ts.",
      "better-auth",
      "^lib/editors/auth\\.ts$",
    ),
    only(
      "only-program-imports-commander",
      "Describe the program with lib/program/command-line.ts.",
      "commander",
      "^lib/program/",
    ),
    only("only-memcached-imports-memjs", "Use lib/memcached.", "memjs", "^lib/memcached/"),
    only(
      "only-store-imports-mysql2",
      "Use lib/store. (The load test and the benchmarks read the books past it, on purpose.)",
      "mysql2",
      "^(bench/|(lib/store/database|scripts/loadtest/database-books)\\.ts)",
    ),
    only(
      "only-ink-imports-canvas",
      "Draw with reader/picture/ink.ts.",
      "@napi-rs/canvas",
      "^reader/picture/",
    ),
  ],
  options: {
    doNotFollow: { path: ["node_modules"] },
    exclude: { path: ["^\\.next", "^dist", "^\\.data", "^\\.cache"] },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".css"],
    },
  },
};
