import assert from "node:assert/strict";
import { test } from "node:test";
import { type Counted, readNumber } from "../src/setting/numbers";

const value = (text: string, counted?: Counted) => {
  const read = readNumber(text, counted);
  return "value" in read ? read.value : read.problem;
};

test("money as it is written in many countries is one number", () => {
  for (const text of ["300000", "300,000", "300.000", "300 000", "300’000", "300'000", "300k", "300 K", "0.3m", "300,000.00", "300.000,00", "$300,000", "300.000 €", "300\u00a0000", "300\u202f000,00"]) {
    assert.equal(value(text, "money"), 300000, text);
  }
});

test("a decimal comma is a decimal point, and one that could be either is refused", () => {
  assert.equal(value("1,5"), 1.5);
  assert.equal(value("1.5"), 1.5);
  assert.equal(value("1,500"), "two_ways");
  assert.equal(value("0,500"), 0.5);
  assert.equal(value("1.500"), 1.5);
  assert.equal(value("1,500", "money"), 1500);
  assert.equal(value("12,50", "money"), 12.5);
  for (const text of ["1,500", "1.500", "1 500"]) assert.equal(value(text, "whole"), 1500, text);
  assert.equal(value("12,5", "whole"), 12.5); // a number, which its field refuses as not whole
  assert.equal(value("5k", "whole"), "no_number");
});

test("what is no number is refused, never mended in silence", () => {
  for (const text of ["abc", "12a", "1e5", "--2", "1,2,3.4,5", "3,00,000", "1.2.3", "12 34", "0x10", "NaN", "Infinity", "½", "5 hours"]) {
    assert.equal(typeof value(text), "string", text);
    assert.equal(typeof value(text, "money"), "string", text);
  }
  assert.equal(value(""), "empty");
  assert.equal(value("5k"), "no_number");
  assert.equal(value("99999999999999999999999999999999999999999999999", "money"), 1e47);
});

test("what the page shows of a number is read back as that number", () => {
  const digits = { maximumFractionDigits: 6 };
  for (const number of [0, 1, 4.5, 25.49, 300000, 1234567.89, 0.001]) {
    for (const text of [String(number), number.toLocaleString("en-US", digits), number.toLocaleString("de-DE", digits)]) {
      assert.equal(value(text, "money"), number, text);
    }
  }
});
