/** Names that people choose are treated as names only, whatever they mean to JavaScript or to the direction of writing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { held } from "../src/model/held";
import { say as saySetting } from "../src/setting/say";
import { say } from "../src/ui/say";
import { fill } from "../src/words/text";
import { isolated } from "../src/words/isolated";

test("a record holds what was put into it and nothing else", () => {
  assert.equal(held({}, "constructor"), undefined);
  assert.equal(held({}, "__proto__"), undefined);
  assert.equal(held(JSON.parse('{"__proto__": 5}'), "__proto__"), 5);
  assert.equal(held(null, "x"), undefined);
});

test("a name that turns the direction of writing does not turn the sentence", () => {
  const name = "\u202egnol";
  for (const told of [fill("{a} is here", { a: name }), say({ x: "{a} is here" }, "x", { a: name }), saySetting({ x: "{a} is here" }, "x", { a: name })]) {
    assert.equal(told, `\u2068${name}\u2069 is here`);
  }
  assert.equal(isolated("\u2067open"), "\u2068\u2067open\u2069\u2069"); // the sign that the name leaves open is closed too
  assert.equal(isolated("Süd 😀 “x”"), "Süd 😀 “x”");
  assert.equal(isolated(5), "5");
});
