/** Snapshots for the inspector. */
import type { CallsSnapshot, CallView, GroupView, MessageView } from "../src/protocol.ts";

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

export function prompt(text: Text, demos: number, input = "where is my parcel?"): MessageView[] {
  const demo = (number: number): MessageView[] => [
    { role: "user", blocks: [{ kind: "demo", text: text(`ticket ${number}`), tokens: 12 }] },
    { role: "assistant", blocks: [{ kind: "demo", text: text("team: billing"), tokens: 8 }] },
  ];
  return [
    {
      role: "system",
      blocks: [
        { kind: "fields", text: text("Input fields: ticket"), tokens: 30 },
        { kind: "instructions", text: text("Route the ticket."), tokens: 40 },
      ],
    },
    ...Array.from({ length: demos }, (_, index) => demo(index)).flat(),
    { role: "user", blocks: [{ kind: "input", text: text(input), tokens: 20 }] },
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
    messages: prompt(text, 2),
    answer: text("[[ team ]] shipping"),
    attempts: [],
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
  return { title: "prediction", score: null, feedback: "", error: "", calls, ...changes };
}

export function callsSnapshot(
  texts: string[],
  groups: GroupView[],
  changes: Partial<CallsSnapshot> = {},
): CallsSnapshot {
  return { version: 1, title: "triage", texts, groups, omitted: 0, ...changes };
}
