import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Event } from "../src/protocol.ts";
import { baseline, best, empty, fold, over, shown } from "../src/run/state.ts";
import { paged, recorded } from "./fakes.ts";

it("folds a recorded run into its final state", () => {
  const state = fold(empty, recorded());

  expect(state.status).toBe("stopped");
  expect(state.reason).toBe("budget of 120 calls spent");
  expect(state.candidates.map(({ id, parent }) => [id, parent])).toEqual([
    [0, null],
    [1, 0],
    [2, 1],
  ]);
  expect(best(state)?.id).toBe(1);
  expect(baseline(state)?.id).toBe(0);
  expect(state.comparison?.difference).toBe(0.27);
  expect(state.reserved).toBe(true);
  expect(state.resumed?.rows).toBe(14);
  expect(state.estimate?.tokens).toBe(21900); // the later one
  expect(state.spent?.program_calls).toBe(92);
  expect(over(state)).toBe(true);
});

it("reads what Python writes: a run that it recorded", () => {
  const lines = readFileSync(`${import.meta.dirname}/../../tests/fixtures/run.jsonl`, "utf8");
  const state = fold(
    empty,
    lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );

  expect(state.status).toBe("done");
  expect(state.optimizer).toBe("BootstrapFewShotWithRandomSearch");
  expect(state.candidates.length).toBeGreaterThan(2);
  expect(state.candidates.every((candidate) => candidate.scores.val)).toBe(true);
  expect(state.comparison?.n).toBe(6);
});

it("ignores events that it has seen", () => {
  const once = fold(empty, recorded());

  expect(fold(once, recorded())).toEqual(once);
});

it("gives the same state whether events come at once, in pieces, or with gaps that are filled", () => {
  const events = paged();
  const grown = events.map((_, index) => events.slice(0, index + 1)).reduce(fold, empty);

  expect(grown).toEqual(fold(empty, recorded()));
});

it("takes events in any order: the phase comes last, whatever its number", () => {
  const phase: Event = { seq: 2, time: 0, kind: "phase", name: "searching" };
  const later: Event = { seq: 5, time: 1, kind: "warned", message: "slow" };

  const state = fold(empty, [later, phase]);

  expect(state.phase).toBe("searching");
  expect(state.warnings).toEqual(["slow"]);
});

it("shows the score on the validation set before one on a minibatch, and the larger set before the smaller", () => {
  const evaluated = { kind: "evaluated", candidate: 3, low: 0, high: 1, errors: 0, time: 0 } as const;

  const state = fold(empty, [
    { ...evaluated, seq: 0, split: "val", mean: 0.5, n: 100 },
    { ...evaluated, seq: 1, split: "train", mean: 0.9, n: 10 },
    { ...evaluated, seq: 2, split: "val", mean: 0.8, n: 10 },
  ]);

  const [candidate] = state.candidates;
  expect(candidate && shown(candidate)?.mean).toBe(0.5);
});

it("keeps of thousands of candidates the newest, the baseline and the best", () => {
  const ids = Array.from({ length: 3000 }, (_, id) => id);
  const events = ids.flatMap((id): Event[] => [
    { seq: 2 * id, time: 0, kind: "proposed", candidate: id, parent: null, note: "", changes: {} },
    ...(id <= 7 ? [{ seq: 2 * id + 1, time: 0, kind: "best", candidate: id, mean: id } as const] : []),
  ]);
  const early = fold(empty, events.slice(0, 1000));

  const state = fold(early, events);

  expect(state.candidates).toHaveLength(1002);
  expect(baseline(state)?.id).toBe(0);
  expect(best(state)?.id).toBe(7);
  expect(state.candidates.at(-1)?.id).toBe(2999);
  expect(state.bests.map(({ candidate }) => candidate)).toEqual([0, 7]);
});

it("leaves out kinds of events that it does not know", () => {
  const strange = { seq: 7, time: 0, kind: "dropped", candidate: 1 } as unknown as Event;

  expect(fold(empty, [strange])).toEqual({ ...empty, next: 8 });
});
