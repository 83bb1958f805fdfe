/** Is this what the protocol says? Snapshots are read from files, which anyone may have written. */
import { isRunId } from "./kernel.ts";
import type {
  AttemptView,
  BestChanged,
  BlockView,
  CallsSnapshot,
  CallView,
  ChangedView,
  CheckView,
  Compared,
  Estimated,
  Evaluated,
  Event,
  FieldView,
  GroupView,
  MadeView,
  MessageView,
  Phase,
  Progress,
  Proposed,
  Resumed,
  RunSnapshot,
  Spent,
  Started,
  StatusChanged,
  TextView,
  ToolCallView,
  Warned,
} from "./protocol.ts";
import type { FirstCompared } from "./run/state.ts";

type Check<T> = (value: unknown) => value is T;

const text: Check<string> = (value) => typeof value === "string";
const number: Check<number> = (value): value is number => typeof value === "number" && Number.isFinite(value);
const truth: Check<boolean> = (value) => typeof value === "boolean";

function among<T extends string | number>(...values: T[]): Check<T> {
  return (value): value is T => (values as unknown[]).includes(value);
}

function nullable<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || check(value);
}

/** What saved runs of before do not have. */
function later<T>(check: Check<T>): Check<T> {
  return (value): value is T => value === undefined || check(value);
}

function list<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check);
}

function record<T>(check: Check<T>): Check<Record<string, T>> {
  return (value): value is Record<string, T> => isObject(value) && Object.values(value).every(check);
}

/** Every field of `T` is named, so a new one in the protocol is a type error here. */
function shape<T extends object>(fields: { [K in keyof T]-?: Check<T[K]> }): Check<T> {
  const checks = Object.entries(fields) as [string, Check<unknown>][];
  return (value): value is T => isObject(value) && checks.every(([name, check]) => check(value[name]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const split = among("train", "val", "test");

export const isProgress = shape<Progress>({
  events: number,
  seconds: number,
  calls: number,
  cached: number,
  tokens_in: number,
  tokens_out: number,
  dollars: number,
  unpriced: number,
  candidate: nullable(number),
  split,
  done: number,
  total: number,
  mean: nullable(number),
  remaining: nullable(number),
});

const bodies: Record<string, Check<unknown>> = {
  started: shape<Started>({
    kind: among("started"),
    optimizer: text,
    train: number,
    val: number,
    test: number,
    reserved: truth,
    budget: text,
    chosen: later(text),
  }),
  resumed: shape<Resumed>({ kind: among("resumed"), rows: number, calls: number, dollars: number }),
  estimated: shape<Estimated>({
    kind: among("estimated"),
    program_calls: record(number),
    calls: number,
    tokens: nullable(number),
    dollars: nullable(number),
    seconds: nullable(number),
    questions: later(number),
  }),
  phase: shape<Phase>({ kind: among("phase"), name: text }),
  proposed: shape<Proposed>({
    kind: among("proposed"),
    candidate: number,
    parent: nullable(number),
    note: text,
    changes: record(text),
  }),
  evaluated: shape<Evaluated>({
    kind: among("evaluated"),
    candidate: number,
    split,
    mean: number,
    low: number,
    high: number,
    n: number,
    errors: number,
  }),
  best: shape<BestChanged>({ kind: among("best"), candidate: number, mean: number }),
  compared: shape<Compared>({
    kind: among("compared"),
    baseline: number,
    best: number,
    before: number,
    after: number,
    difference: number,
    low: number,
    high: number,
    better: number,
    fixed: number,
    broke: number,
    search: number,
    n: number,
    opened: number,
    returned: truth,
  }),
  spent: shape<Spent>({
    kind: among("spent"),
    program_calls: number,
    known: number,
    calls: number,
    cached: number,
    tokens: number,
    dollars: number,
    unpriced: number,
    seconds: number,
  }),
  warned: shape<Warned>({ kind: among("warned"), message: text }),
  status: shape<StatusChanged>({
    kind: among("status"),
    status: among("running", "paused", "stopping", "done", "stopped", "failed"),
    reason: text,
  }),
};

/** An event of a kind that is not drawn, or not known yet, passes: the fold leaves it out. */
const eventOf = (bodies: Record<string, Check<unknown>>): Check<Event> => {
  return (value): value is Event => {
    if (!isObject(value) || !number(value.seq) || !number(value.time) || !text(value.kind)) return false;
    return !Object.hasOwn(bodies, value.kind) || bodies[value.kind]?.(value) === true;
  };
};

export const isEvents = list(eventOf(bodies));

export const isStill = record(text);

const isTexts = list(shape<TextView>({ name: text, text }));

const isMade = shape<MadeView>({ outputs: isTexts, score: number, feedback: text, error: text });

export const isChanged = list(
  shape<ChangedView>({
    index: number,
    inputs: isTexts,
    expected: isTexts,
    before: isMade,
    after: isMade,
  }),
);

const isRunSnapshot = shape<RunSnapshot>({
  version: among(2),
  run: isRunId,
  title: text,
  progress: isProgress,
  changed: isChanged,
  events: isEvents,
});

/** A saved run, whichever version of dspnb wrote it; null for all else. */
export function savedRun(saved: unknown): RunSnapshot | null {
  const value = isObject(saved) ? { changed: [], ...saved } : saved; // not every file of version 2 has it
  if (isRunSnapshot(value)) return value;
  return isFirst(value) ? { ...value, version: 2, events: value.events.flatMap(asLater) } : null;
}

/** What version 1 said of these two; its other events are as they were. */
const firstBodies = {
  ...bodies,
  started: shape<Omit<Started, "reserved" | "chosen"> & { estimate: number | null }>({
    kind: among("started"),
    optimizer: text,
    train: number,
    val: number,
    test: number,
    budget: text,
    estimate: nullable(number),
  }),
  compared: shape<FirstCompared>({
    kind: among("compared"),
    baseline: number,
    best: number,
    difference: number,
    low: number,
    high: number,
    n: number,
  }),
};

const isFirst = shape<Omit<RunSnapshot, "version"> & { version: 1 }>({
  version: among(1),
  run: isRunId,
  title: text,
  progress: isProgress,
  changed: isChanged,
  events: list(eventOf(firstBodies)),
});

/** The estimate was a part of the start; numbers are doubled to make room for it. */
function asLater(event: Event): Event[] {
  const [seq, { time }] = [2 * event.seq, event];
  switch (event.kind) {
    case "started": {
      const { estimate } = event as { estimate?: number | null };
      const started: Event = { ...event, seq, reserved: false, chosen: "" };
      if (estimate === null || estimate === undefined) return [started];
      const unknown = { tokens: null, dollars: null, seconds: null, questions: 0 };
      return [
        started,
        { seq: seq + 1, time, kind: "estimated", program_calls: {}, calls: estimate, ...unknown },
      ];
    }
    case "compared": {
      const { kind, baseline, best, difference, low, high, n } = event;
      const first: FirstCompared = { kind, baseline, best, difference, low, high, n };
      return [{ seq, time, ...first } as Event]; // the fold asks of the other fields whether they are there
    }
    default:
      return [{ ...event, seq }];
  }
}

const isField = shape<FieldView>({ name: text, type: text, text: number });

/** A picture that a page may show: it is in the file, and of a kind that runs nothing. */
const isPicture: Check<string> = (value): value is string =>
  value === "" || (text(value) && /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$/.test(value));

const isBlock = shape<BlockView>({
  kind: among(
    "fields",
    "format",
    "instructions",
    "demo",
    "history",
    "input",
    "hint",
    "answer",
    "repair",
    "text",
  ),
  text: number,
  tokens: number,
  attached: text,
  picture: isPicture,
});

const isToolCall = shape<ToolCallView>({ name: text, args: number });

const isMessage = shape<MessageView>({
  role: among("system", "user", "assistant", "tool"),
  blocks: list(isBlock),
  tool_calls: list(isToolCall),
});

const isAttempt = shape<AttemptView>({ text: number, error: text, adapter: text });

const isCheck = shape<CheckView>({
  kind: among("require", "suggest"),
  message: text,
  held: truth,
  tries: number,
});

const isCall = shape<CallView>({
  id: number,
  path: text,
  signature: text,
  model: text,
  inputs: list(isField),
  outputs: list(isField),
  sent: truth,
  params: nullable(number),
  messages: list(isMessage),
  reasoning: nullable(number),
  answer: nullable(number),
  tool_calls: list(isToolCall),
  attempts: list(isAttempt),
  rejected: text,
  error: text,
  demos: number,
  seconds: number,
  tokens_in: number,
  tokens_out: number,
  dollars: nullable(number),
  cached: truth,
});

const isGroup = shape<GroupView>({
  title: text,
  score: nullable(number),
  feedback: text,
  error: text,
  checks: list(isCheck),
  calls: list(isCall),
});

export const isCallsSnapshot = shape<CallsSnapshot>({
  version: among(1),
  title: text,
  texts: list(text),
  groups: list(isGroup),
  omitted: number,
});

/** Why a snapshot is not drawn, in one line. */
export function refusal(value: unknown, latest = 1): string {
  const newer = isObject(value) && number(value.version) && value.version > latest;
  return newer
    ? "This output was saved by a newer dspnb; upgrade dspnb to see it."
    : "This output cannot be drawn: it is not a snapshot that dspnb wrote.";
}
