import assert from "node:assert/strict";
import { test } from "node:test";
import { placesOfNames, ticksOf } from "../src/klass/Course";
import { uprights } from "../src/results/CourseChart";

test("no two ticks of an axis read alike, and they hold the range", () => {
  for (const [high, digits] of [[1, 0], [2, 0], [10, 0], [57, 0], [1, 1], [0.06, 2], [0.3, 2]]) {
    for (const most of [3, 5]) {
      const ticks = ticksOf(0, high, most, digits);
      const texts = ticks.map((one) => one.toFixed(digits));
      assert.equal(new Set(texts).size, texts.length, `${high}: ${texts}`);
      assert.ok(ticks[0] === 0 && ticks.length >= 2 && ticks.length <= most + 1, `${high}: ${texts}`);
    }
  }
});

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

test("the names of two lines stay within the chart and apart, as near to their lines as that allows", () => {
  const [top, bottom] = [16, 180];
  for (let one = top; one <= 196; one += 4) {
    for (let other = top; other <= 196; other += 4) {
      const [first, second] = placesOfNames([one, other], top, bottom);
      assert.ok(Math.min(first, second) >= top && Math.max(first, second) <= bottom, `${one}, ${other}: ${first}, ${second}`);
      assert.ok(Math.abs(first - second) >= 30, `${one}, ${other}: ${first}, ${second}`);
      assert.ok(one === other || first < second === one < other, "in the order of the lines");
      if (Math.abs(one - other) >= 30 && Math.max(one, other) <= bottom) assert.deepEqual([first, second], [one, other]);
    }
  }
});
