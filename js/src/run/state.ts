/** What the page knows about a run: a pure fold over its events. */
import type {
  Compared,
  Estimated,
  Evaluated,
  Event,
  Progress,
  Resumed,
  Spent,
  StatusChanged,
} from "../protocol.ts";

export type Status = StatusChanged["status"];
type Split = Evaluated["split"];

export interface Candidate {
  id: number;
  parent: number | null;
  /** Where it comes from. */
  note: string;
  /** Predictor path to what differs from the parent, in words. */
  changes: Record<string, string>;
  /** For each set of examples the evaluation over the most of them. */
  scores: Partial<Record<Split, Evaluated>>;
}

/** All that the first version said of a comparison. */
export type FirstCompared = Pick<
  Compared,
  "kind" | "baseline" | "best" | "difference" | "low" | "high" | "n"
>;

export type Comparison = FirstCompared & Partial<Compared>;

export interface RunState {
  /** The `seq` of the next event; events below it were seen. */
  next: number;
  optimizer: string;
  /** Examples in each set; 0 when there are none. */
  sizes: Record<Split, number>;
  /** The held-out examples were set aside from the validation set. */
  reserved: boolean;
  budget: string;
  /** What the optimizer was chosen for; empty when the user named it. */
  chosen: string;
  /** What the whole run may take at most, as far as it is known by now. */
  estimate: Estimated | null;
  /** What earlier sessions of it did. */
  resumed: Resumed | null;
  /** What the whole run took, once it has ended. */
  spent: Spent | null;
  phase: string;
  status: Status;
  reason: string;
  /** By id, ascending. */
  candidates: Candidate[];
  /** The candidates that were best, in the order of time. */
  bests: { candidate: number; mean: number }[];
  comparison: Comparison | null;
  warnings: string[];
}

export const empty: RunState = {
  next: 0,
  optimizer: "",
  sizes: { train: 0, val: 0, test: 0 },
  reserved: false,
  budget: "",
  chosen: "",
  estimate: null,
  resumed: null,
  spent: null,
  phase: "",
  status: "running",
  reason: "",
  candidates: [],
  bests: [],
  comparison: null,
  warnings: [],
};

const MOST = 1000; // candidates

export const nothingYet: Progress = {
  events: 0,
  seconds: 0,
  calls: 0,
  cached: 0,
  tokens_in: 0,
  tokens_out: 0,
  dollars: 0,
  unpriced: 0,
  candidate: null,
  split: "val",
  done: 0,
  total: 0,
  mean: null,
  remaining: null,
};

/** The state after some more events, in any order; those that were seen already change nothing. */
export function fold(state: RunState, events: Event[]): RunState {
  return bounded([...events].sort((a, b) => a.seq - b.seq).reduce(reduce, state));
}

/** Forget the oldest candidates of a very long run, but not the baseline and the best, as the kernel does. */
function bounded(state: RunState): RunState {
  const { candidates, bests } = state;
  if (candidates.length <= MOST) return state;
  const newest = candidates[candidates.length - MOST]?.id ?? 0;
  const leader = bests.at(-1)?.candidate;
  const kept = (id: number) => id >= newest || id === leader || id === candidates[0]?.id;
  return {
    ...state,
    candidates: candidates.filter(({ id }) => kept(id)),
    bests: bests.filter(({ candidate }) => kept(candidate)),
  };
}

function reduce(before: RunState, event: Event): RunState {
  if (event.seq < before.next) return before;
  const state = { ...before, next: event.seq + 1 };
  switch (event.kind) {
    case "started": {
      const { optimizer, train, val, test, reserved, budget, chosen = "" } = event;
      return { ...state, optimizer, sizes: { train, val, test }, reserved, budget, chosen };
    }
    case "resumed":
      return { ...state, resumed: event };
    case "estimated":
      return { ...state, estimate: event };
    case "spent":
      return { ...state, spent: event };
    case "phase":
      return { ...state, phase: event.name };
    case "proposed": {
      const { parent, note, changes } = event;
      return edit(state, event.candidate, (candidate) => ({ ...candidate, parent, note, changes }));
    }
    case "evaluated":
      return edit(state, event.candidate, (candidate) => {
        const known = candidate.scores[event.split];
        const scores = { ...candidate.scores, [event.split]: event };
        return known && known.n > event.n ? candidate : { ...candidate, scores };
      });
    case "best":
      return { ...state, bests: [...state.bests, { candidate: event.candidate, mean: event.mean }] };
    case "compared":
      return { ...state, comparison: event };
    case "warned":
      return { ...state, warnings: [...state.warnings, event.message] };
    case "status":
      return { ...state, status: event.status, reason: event.reason };
    case "scored":
    case "called":
      return state; // their sums are in `Progress`
    default:
      return unknown(state, event);
  }
}

/** Change one candidate; one that nobody proposed (the program as it was given) is made first. */
function edit(state: RunState, id: number, change: (candidate: Candidate) => Candidate): RunState {
  const { candidates } = state;
  if (candidates.some((candidate) => candidate.id === id)) {
    return { ...state, candidates: candidates.map((each) => (each.id === id ? change(each) : each)) };
  }
  const made = change({ id, parent: null, note: "", changes: {}, scores: {} });
  return { ...state, candidates: [...candidates, made].sort((a, b) => a.id - b.id) };
}

/** Makes a missing `case` a type error, and leaves out what a later version may send. */
function unknown(state: RunState, _event: never): RunState {
  return state;
}

export function over(state: RunState): boolean {
  return state.status === "done" || state.status === "stopped" || state.status === "failed";
}

/** The candidate that the run would return now. */
export function best(state: RunState): Candidate | null {
  const id = state.bests.at(-1)?.candidate;
  return state.candidates.find((candidate) => candidate.id === id) ?? null;
}

/** What the best candidate has on the whole validation set, or is expected to have there. */
export function bestMean(state: RunState): { mean: number; expected: boolean } | null {
  const last = state.bests.at(-1);
  if (!last) return null;
  const known = best(state)?.scores.val;
  const whole = known !== undefined && known.n >= state.sizes.val;
  return whole ? { mean: known.mean, expected: false } : { mean: last.mean, expected: true };
}

/** The candidate that the others are compared with: the program as it was given. */
export function baseline(state: RunState): Candidate | null {
  const id = state.comparison?.baseline ?? state.candidates[0]?.id;
  return state.candidates.find((candidate) => candidate.id === id) ?? null;
}

/** The score to show: on the validation set, or where there is none yet, on the training set. */
export function shown(candidate: Candidate): Evaluated | null {
  return candidate.scores.val ?? candidate.scores.train ?? null;
}
