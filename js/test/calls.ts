/** Snapshots for the inspector. */
import type { BlockView, CallsSnapshot, CallView, GroupView, MessageView } from "../src/protocol.ts";

/** Texts by hand: each is its own index. */
export function book() {
  const texts: string[] = [];
  const text = (words: string) => {
    if (!texts.includes(words)) texts.push(words);
    return texts.indexOf(words);
  };
  return { texts, text };
}

type Text = (words: string) => number;

/** A block of text without an attachment. */
export function block(kind: BlockView["kind"], text: number, tokens: number): BlockView {
  return { kind, text, tokens, attached: "", picture: "" };
}

export function prompt(text: Text, demos: number, input = "where is my parcel?"): MessageView[] {
  const demo = (number: number): MessageView[] => [
    { role: "user", blocks: [block("demo", text(`ticket ${number}`), 12)], tool_calls: [] },
    { role: "assistant", blocks: [block("demo", text("team: billing"), 8)], tool_calls: [] },
  ];
  return [
    {
      role: "system",
      blocks: [
        block("fields", text("Input fields: ticket"), 30),
        block("instructions", text("Route the ticket."), 40),
      ],
      tool_calls: [],
    },
    ...Array.from({ length: demos }, (_, index) => demo(index)).flat(),
    { role: "user", blocks: [block("input", text(input), 20)], tool_calls: [] },
  ];
}

export function call(text: Text, changes: Partial<CallView> = {}): CallView {
  return {
    id: 0,
    path: "triage.predict",
    signature: "ticket -> team",
    model: "scripted",
    inputs: [{ name: "ticket", type: "str", text: text("where is my parcel?") }],
    outputs: [{ name: "team", type: "str", text: text("shipping") }],
    sent: true,
    params: null,
    messages: prompt(text, 2),
    reasoning: null,
    answer: text("[[ team ]] shipping"),
    tool_calls: [],
    attempts: [],
    rejected: "",
    error: "",
    demos: 2,
    seconds: 0.8,
    tokens_in: 120,
    tokens_out: 12,
    dollars: 0,
    cached: false,
    ...changes,
  };
}

export function group(calls: CallView[], changes: Partial<GroupView> = {}): GroupView {
  return { title: "prediction", score: null, feedback: "", error: "", checks: [], calls, ...changes };
}

export function callsSnapshot(
  texts: string[],
  groups: GroupView[],
  changes: Partial<CallsSnapshot> = {},
): CallsSnapshot {
  return { version: 1, title: "triage", texts, groups, omitted: 0, ...changes };
}
