import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { Store } from "../store/database.ts";
import { createToken, editorOfToken } from "./api-tokens.ts";

const editor = { id: "7", name: "Ada", email: "ada@news.example" };

/** A table of tokens in memory. */
function storeOf() {
  const digests: Buffer[] = [];
  let queries = 0;
  const store = {
    write: async (_name: string, _sql: string, [, , digest]: [string, string, Buffer]) =>
      void digests.push(digest),
    rows: async (_name: string, _sql: string, [digest]: [Buffer]) => {
      queries += 1;
      const found = digests.some(each => each.equals(digest));
      return found ? [{ editor_id: editor.id, name: editor.name, email: editor.email }] : [];
    },
  };
  return { store: store as unknown as Store, digests, queries: () => queries };
}

const bearer = (authorization: string) => new Headers({ authorization });

describe("createToken", () => {
  it("createToken stores the token's SHA-256 and not the token", async () => {
    const { store, digests } = storeOf();
    const token = await createToken(store, editor, "CMS", 0);
    assert.deepEqual(digests, [createHash("sha256").update(token).digest()]);
  });

  it("createToken makes another token each time, of 256 bits", async () => {
    const { store } = storeOf();
    const tokens = [
      await createToken(store, editor, "a", 0),
      await createToken(store, editor, "a", 0),
    ];
    assert.notEqual(tokens[0], tokens[1]);
    assert.match(tokens[0] ?? "", /^fg_[\w-]{43}$/);
  });
});

describe("editorOfToken", () => {
  it("editorOfToken finds the editor of a token, with the scheme in any case", async () => {
    const { store } = storeOf();
    const token = await createToken(store, editor, "CMS", 0);
    for (const scheme of ["Bearer", "bearer"]) {
      assert.deepEqual(await editorOfToken(store, bearer(`${scheme} ${token}`)), editor, scheme);
    }
  });

  it("editorOfToken finds no editor for an unknown token", async () => {
    const { store } = storeOf();
    assert.equal(await editorOfToken(store, bearer(`Bearer fg_${"a".repeat(43)}`)), undefined);
  });

  it("editorOfToken asks no database without a token of ours", async () => {
    const { store, queries } = storeOf();
    const token = await createToken(store, editor, "CMS", 0);
    for (const value of ["", "Bearer", "Bearer x", `Basic ${token}`, token]) {
      assert.equal(await editorOfToken(store, bearer(value)), undefined, value);
    }
    assert.equal(await editorOfToken(store, new Headers()), undefined);
    assert.equal(queries(), 0);
  });
});
