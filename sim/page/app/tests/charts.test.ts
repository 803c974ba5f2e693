import assert from "node:assert/strict";
import { test } from "node:test";
import { uprights } from "../src/results/CourseChart";

test("the texts at the last contact and at the end of the log do not run into each other", () => {
  const words = { end: "last contact", now: "you are here" };
  for (const width of [240, 320, 720]) {
    for (let now = 0; now <= 300; now += 10) {
      for (let end = now; end <= 300; end += 10) {
        const made = uprights({ end, now, width, words }, (week) => 34 + (week / 300) * (width - 46));
        const [one, other] = made.map(({ at, right, text }) => (right ? [at, at + 7 * text.length] : [at - 7 * text.length, at]));
        const apart = one[0] >= other[1] || other[0] >= one[1];
        assert.ok(apart || made.filter(({ lower }) => lower).length === 1, `${width}: ${now}, ${end}`);
      }
    }
  }
  assert.deepEqual(uprights({ end: 1, now: null, width: 240, words }, (week) => week).map((one) => one.lower), [undefined]);
});
