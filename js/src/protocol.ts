// Written by dspnb/notebook/protocol.py. Do not edit; run `make protocol`.

export const RUN_MIME = "application/vnd.dspnb.run+json";
export const CALLS_MIME = "application/vnd.dspnb.calls+json";

export interface Started {
  optimizer: string;
  train: number;
  val: number;
  test: number;
  reserved: boolean;
  budget: string;
  chosen: string;
  kind: "started";
}

export interface Resumed {
  rows: number;
  calls: number;
  dollars: number;
  kind: "resumed";
}

export interface Estimated {
  program_calls: Record<string, number>;
  calls: number;
  tokens: number | null;
  dollars: number | null;
  seconds: number | null;
  questions: number;
  kind: "estimated";
}

export interface Phase {
  name: string;
  kind: "phase";
}

export interface Proposed {
  candidate: number;
  parent: number | null;
  note: string;
  changes: Record<string, string>;
  kind: "proposed";
}

export interface Scored {
  candidate: number;
  example: number;
  value: number;
  split: "train" | "val" | "test";
  known: boolean;
  kind: "scored";
}

export interface Evaluated {
  candidate: number;
  split: "train" | "val" | "test";
  mean: number;
  low: number;
  high: number;
  n: number;
  errors: number;
  kind: "evaluated";
}

export interface BestChanged {
  candidate: number;
  mean: number;
  kind: "best";
}

export interface Called {
  call: number;
  path: string;
  tokens_in: number;
  tokens_out: number;
  dollars: number | null;
  seconds: number;
  cached: boolean;
  kind: "called";
}

export interface Compared {
  baseline: number;
  best: number;
  before: number;
  after: number;
  difference: number;
  low: number;
  high: number;
  better: number;
  fixed: number;
  broke: number;
  search: number;
  n: number;
  opened: number;
  returned: boolean;
  kind: "compared";
}

export interface Spent {
  program_calls: number;
  known: number;
  calls: number;
  cached: number;
  tokens: number;
  dollars: number;
  unpriced: number;
  seconds: number;
  kind: "spent";
}

export interface Warned {
  message: string;
  kind: "warned";
}

export interface StatusChanged {
  status: "running" | "paused" | "stopping" | "done" | "stopped" | "failed";
  reason: string;
  kind: "status";
}

export type Event = { seq: number; time: number } & (Started | Resumed | Estimated | Phase | Proposed | Scored | Evaluated | BestChanged | Called | Compared | Spent | Warned | StatusChanged);

export interface Progress {
  events: number;
  seconds: number;
  calls: number;
  cached: number;
  tokens_in: number;
  tokens_out: number;
  dollars: number;
  unpriced: number;
  candidate: number | null;
  split: "train" | "val" | "test";
  done: number;
  total: number;
  mean: number | null;
  remaining: number | null;
}

export interface TextView {
  name: string;
  text: string;
}

export interface MadeView {
  outputs: TextView[];
  score: number;
  feedback: string;
  error: string;
}

export interface ChangedView {
  index: number;
  inputs: TextView[];
  expected: TextView[];
  before: MadeView;
  after: MadeView;
}

export interface RunSnapshot {
  version: 2;
  run: string;
  title: string;
  progress: Progress;
  changed: ChangedView[];
  events: Event[];
}

export interface Command {
  kind: "stop" | "pause" | "resume" | "resync";
}

export interface FieldView {
  name: string;
  type: string;
  text: number;
}

export interface BlockView {
  kind: "fields" | "format" | "instructions" | "demo" | "history" | "input" | "hint" | "answer" | "repair" | "text";
  text: number;
  tokens: number;
  attached: string;
  picture: string;
}

export interface ToolCallView {
  name: string;
  args: number;
}

export interface MessageView {
  role: "system" | "user" | "assistant" | "tool";
  blocks: BlockView[];
  tool_calls: ToolCallView[];
}

export interface AttemptView {
  text: number;
  error: string;
  adapter: string;
}

export interface CheckView {
  kind: "require" | "suggest";
  message: string;
  held: boolean;
  tries: number;
}

export interface CallView {
  id: number;
  path: string;
  signature: string;
  model: string;
  inputs: FieldView[];
  outputs: FieldView[];
  sent: boolean;
  params: number | null;
  messages: MessageView[];
  reasoning: number | null;
  answer: number | null;
  tool_calls: ToolCallView[];
  attempts: AttemptView[];
  rejected: string;
  error: string;
  demos: number;
  seconds: number;
  tokens_in: number;
  tokens_out: number;
  dollars: number | null;
  cached: boolean;
}

export interface GroupView {
  title: string;
  score: number | null;
  feedback: string;
  error: string;
  checks: CheckView[];
  calls: CallView[];
}

export interface CallsSnapshot {
  version: 1;
  title: string;
  texts: string[];
  groups: GroupView[];
  omitted: number;
}
