import { expect, it } from "vitest";
import {
  clock,
  compact,
  interval,
  likely,
  money,
  often,
  plural,
  roughly,
  score,
  seconds,
  signed,
} from "../src/format.ts";

it("gives scores two digits, and more only where two would say nothing", () => {
  expect([0.8234, 1, 0, 0.004].map(score)).toEqual(["0.82", "1.00", "0.00", "0.004"]);
  expect([0.21, -0.05, 0].map(signed)).toEqual(["+0.21", "−0.05", "+0.00"]);
  expect(interval({ low: -0.05, high: 0.3 })).toBe("[−0.05, 0.30]");
});

it("never claims that something is certain", () => {
  expect([1, 0.994, 0.99, 0.5, 0.01, 0].map(likely)).toEqual([
    ">0.99",
    ">0.99",
    "0.99",
    "0.50",
    "0.01",
    "<0.01",
  ]);
  expect([1, 2, 3].map(often)).toEqual(["once", "twice", "3 times"]);
});

it("gives dollars two significant digits, and never hides whole dollars", () => {
  expect([0, 0.00042, 0.0315, 0.0999, 1.234, 9.96, 12.3, 1234].map((each) => money(each))).toEqual([
    "$0",
    "$0.00042",
    "$0.032",
    "$0.10",
    "$1.2",
    "$10",
    "$12",
    "$1,234",
  ]);
});

it("never says that what has no known price costs nothing", () => {
  expect(money(null)).toBe("unknown price");
  expect(money(null, 7)).toBe("unknown price");
  expect(money(0, 1)).toBe("1 call of unknown price");
  expect(money(0.0012, 3)).toBe("$0.0012 + 3 calls of unknown price");
});

it("shortens large counts", () => {
  expect([845, 1000, 12_345, 99_960, 999_900, 1_240_000].map(compact)).toEqual([
    "845",
    "1k",
    "12.3k",
    "100k",
    "1M",
    "1.2M",
  ]);
  expect([plural(1, "call"), plural(2000, "call")]).toEqual(["1 call", "2,000 calls"]);
});

it("shows times as people say them", () => {
  expect([0.4, 42, 725, 3723].map(clock)).toEqual(["0:00", "0:42", "12:05", "1:02:03"]);
  expect([0.012, 0.84, 12.3, 75].map(seconds)).toEqual(["0.01 s", "0.8 s", "12 s", "1:15"]);
  expect([4, 47, 260, 7300].map(roughly)).toEqual(["a few seconds", "50 s", "4 min", "2 h"]);
});
