/**
 * The kind of poll that a script is for. The build (`scripts/gen-reader.ts`) makes one script for each kind and puts
 * the kind in, so that each script is without the others' code. It sees only comparisons written in place.
 */
declare const POLL_KIND: import("#lib/model/poll-rules.ts").PollKind;
