import { expect, it } from "vitest";
import { anatomy, plain, tokensByKind } from "../src/inspect/anatomy.ts";
import { searcher, split } from "../src/inspect/search.ts";
import { type Entry, tree } from "../src/inspect/tree.ts";
import { book, call, callsSnapshot, group, prompt } from "./calls.ts";

/** The tree as an indented text. */
function outline(entries: Entry[]): string[] {
  return entries.flatMap((entry) => [
    `${"  ".repeat(entry.depth)}${entry.label}${entry.call ? "" : "/"}`,
    ...outline(entry.children),
  ]);
}

function paths(...names: string[]) {
  const { text } = book();
  return group(names.map((path, id) => call(text, { path, id })));
}

it("nests calls by their dotted path, and consecutive calls share a branch", () => {
  const calls = paths(
    "hops.0.query",
    "hops.0.read.predict",
    "hops.1.query",
    "answer",
    "answer",
    "hops.0.query",
  );

  expect(outline(tree([calls]))).toEqual([
    "hops/",
    "  0/",
    "    query",
    "    read/",
    "      predict",
    "  1/",
    "    query",
    "answer",
    "answer",
    "hops/",
    "  0/",
    "    query",
  ]);
});

it("puts groups above their calls when there is more than one", () => {
  expect(outline(tree([paths("answer"), paths("hops.0")]))).toEqual([
    "prediction/",
    "  answer",
    "prediction/",
    "  hops/",
    "    0",
  ]);
});

it("sums what the calls below took", () => {
  const { text } = book();
  const calls = [
    call(text, { path: "a.b", seconds: 1 }),
    call(text, { path: "a.c", seconds: 2, error: "late" }),
  ];

  const [branch] = tree([group(calls)]);

  expect(branch?.sums).toMatchObject({ calls: 2, seconds: 3, tokens: 264, errors: 1 });
});

it("does not nest without end", () => {
  const [first] = tree([paths("a.".repeat(10_000))]);

  let depth = 0;
  for (let entry = first; entry; entry = entry.children[0]) depth += 1;
  expect(depth).toBe(8);
});

it("finds calls by their inputs, outputs, prompt, answer, path and error", () => {
  const { texts, text } = book();
  const calls = [
    call(text, { inputs: [{ name: "q", type: "str", text: text("alpha") }] }),
    call(text, { outputs: [{ name: "a", type: "str", text: text("beta") }] }),
    call(text, { messages: prompt(text, 0, "gamma") }),
    call(text, { answer: text("delta") }),
    call(text, { path: "hops.epsilon" }),
    call(text, { error: "zeta" }),
  ];
  const search = searcher(callsSnapshot(texts, [group(calls)]));

  const found = ["ALPHA", "beta", "gamma", "delta", "epsilon", "zeta"].map((query) => [
    ...(search(query) ?? []),
  ]);

  expect(found).toEqual(calls.map((each) => [each]));
  expect(search("  ")).toBeNull();
  expect(search("nowhere")?.size).toBe(0);
});

it("splits a text at what was searched for", () => {
  expect(split("A cat, a Cat", "cat")).toEqual(["A ", "cat", ", a ", "Cat", ""]);
  expect(split("İstanbul cat", "cat")).toEqual(["İstanbul cat"]); // lower case is longer: places would be off
});

it("takes a demo's question and answer together, and counts its tokens", () => {
  const parts = anatomy(prompt(book().text, 2));

  expect(parts.map(({ label, tokens, pieces }) => [label, tokens, pieces.length])).toEqual([
    ["fields", 30, 1],
    ["instructions", 40, 1],
    ["demo 1", 20, 2],
    ["demo 2", 20, 2],
    ["input", 20, 1],
  ]);
  expect([...tokensByKind(parts)]).toEqual([
    ["fields", 30],
    ["instructions", 40],
    ["demo", 40],
    ["input", 20],
  ]);
});

it("gives the prompt as plain text, in the order of the messages", () => {
  const { texts, text } = book();

  expect(plain(prompt(text, 1), texts)).toBe(
    "[system]\nInput fields: ticket\n\nRoute the ticket.\n\n[user]\nticket 0\n\n" +
      "[assistant]\nteam: billing\n\n[user]\nwhere is my parcel?",
  );
});
