// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import widget from "../src/inspect/index.ts";
import type { CallsSnapshot, MessageView } from "../src/protocol.ts";
import { block, book, call, callsSnapshot, group, prompt } from "./calls.ts";
import { allByTestId, byTestId, fakeModel, settled } from "./fakes.ts";

function shown(calls: unknown): HTMLElement {
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  widget.render({ model: fakeModel({ calls }) as never, el });
  return el;
}

function hops(): CallsSnapshot {
  const { texts, text } = book();
  const calls = [
    call(text, { path: "hops.0.query", dollars: 0.0004 }),
    call(text, { path: "hops.1.query", messages: prompt(text, 0, "a second hop"), cached: true }),
    call(text, { path: "answer", messages: prompt(text, 6) }),
  ];
  return callsSnapshot(texts, [group(calls)]);
}

function labels(el: HTMLElement): (string | null | undefined)[] {
  return items(el).map((row) => row.querySelector(".label")?.textContent);
}

function items(el: HTMLElement): HTMLElement[] {
  return [...(el.shadowRoot?.querySelectorAll<HTMLElement>("[role=treeitem]") ?? [])];
}

function press(el: HTMLElement, ...keys: string[]): void {
  for (const key of keys) {
    el.shadowRoot?.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  }
}

it("shows the tree, and the first call beside it", () => {
  const el = shown(hops());

  expect(labels(el)).toEqual(["hops", "0", "query", "1", "query", "answer"]);
  expect(byTestId(el, "fields").textContent).toContain("where is my parcel?");
  expect(byTestId(el, "answer").textContent).toBe("[[ team ]] shipping");
  expect(allByTestId(el, "call")[0]?.getAttribute("aria-selected")).toBe("true");
});

it("shows time, tokens and dollars of each call, and what came from the cache", () => {
  const [first, second] = allByTestId(shown(hops()), "call");

  expect(first?.textContent).toBe("query0.8 s132$0.00040");
  expect(second?.textContent).toBe("querycache0.8 s132");
});

it("shows a price that is not known as such, in the list, in sums and beside the call", () => {
  const { texts, text } = book();
  const calls = [
    call(text, { path: "hops.0.query", dollars: null }),
    call(text, { path: "hops.1.query", dollars: 0.0012 }),
    call(text, { path: "hops.2.query" }),
  ];
  const el = shown(callsSnapshot(texts, [group(calls)]));
  const cells = items(el).map((row) => row.querySelector<HTMLElement>(".sum.cost"));

  expect(cells.map((cell) => cell?.textContent)).toEqual([
    "$0.0012 + ?",
    "unknown",
    "unknown",
    "$0.0012",
    "$0.0012",
    "",
    "",
  ]);
  expect(cells[0]?.title).toBe("$0.0012 + 1 call of unknown price");
  expect(cells[2]?.title).toBe("unknown price");
  expect(byTestId(el, "inspector").querySelector(".detail")?.textContent).toContain("unknown price");
});

it("tells the parts of the prompt apart by origin", () => {
  const el = shown(hops());

  const blocks = [...byTestId(el, "prompt").querySelectorAll<HTMLDetailsElement>("[data-kind]")];
  expect(blocks.map((block) => [block.dataset.kind, block.open])).toEqual([
    ["fields", true],
    ["instructions", true],
    ["demo", true],
    ["demo", true],
    ["input", true],
  ]);
  expect(byTestId(el, "prompt").textContent).toContain("demo 2~20 tokens");
});

it("folds demos when there are many, and draws them when they are opened", () => {
  const el = shown(hops());
  allByTestId(el, "call")[2]?.click();
  const demos = [...byTestId(el, "prompt").querySelectorAll<HTMLDetailsElement>("[data-kind=demo]")];

  expect(demos.map((demo) => [demo.open, demo.querySelectorAll("pre").length])).toEqual(
    Array(6).fill([false, 0]),
  );
  demos[5]?.setAttribute("open", "");
  demos[5]?.dispatchEvent(new Event("toggle"));

  expect(demos[5]?.textContent).toContain("ticket 5");
  expect(demos[5]?.textContent).toContain("team: billing");
});

it("searches the calls, selects the first that is found, and marks the words", () => {
  const el = shown(hops());
  const box = byTestId(el, "search") as HTMLInputElement;

  box.value = "Second HOP";
  box.dispatchEvent(new Event("input"));

  expect(labels(el)).toEqual(["hops", "1", "query"]);
  expect(byTestId(el, "inspector").textContent).toContain("1 of 3 calls");
  expect(byTestId(el, "prompt").querySelector("mark")?.textContent).toBe("second hop");
});

it("copies the prompt as plain text", async () => {
  const written: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => written.push(text) } });
  const el = shown(hops());

  byTestId(el, "copy").click();
  await settled();

  expect(written[0]).toMatch(/^\[system\]\nInput fields: ticket\n\nRoute the ticket\./);
  expect(byTestId(el, "copy").textContent).toBe("Copied");
  vi.unstubAllGlobals();
});

it("copies by selection where the clipboard is closed, and says when that fails too", async () => {
  const selected: (string | undefined)[] = [];
  const answers = [true, false];
  vi.stubGlobal("navigator", {});
  const el = shown(hops());
  document.execCommand = () => {
    selected.push(document.querySelector("textarea")?.value);
    return answers.shift() ?? false;
  };

  byTestId(el, "copy").click();
  await settled();
  const first = byTestId(el, "copy").textContent;
  byTestId(el, "copy").click();
  await settled();

  expect(selected[0]).toContain("Route the ticket.");
  expect([first, byTestId(el, "copy").textContent]).toEqual(["Copied", "Could not copy"]);
  expect(document.querySelector("textarea")).toBeNull();
  vi.unstubAllGlobals();
});

it("is walked with the arrow keys, and opened with Enter", () => {
  const el = shown(hops());
  items(el)[2]?.focus();

  press(el, "ArrowDown", "ArrowDown", "ArrowDown", "Enter");

  expect(byTestId(el, "inspector").querySelector("article h3")?.textContent).toBe("answer");
  expect(el.shadowRoot?.activeElement?.querySelector(".label")?.textContent).toBe("answer");
  press(el, "Home", "ArrowLeft");
  expect(labels(el)).toEqual(["hops", "answer"]);
  press(el, "ArrowRight", "ArrowRight");
  expect(labels(el)).toEqual(["hops", "0", "query", "1", "query", "answer"]);
  expect(items(el)[1]?.tabIndex).toBe(0);
  expect(items(el).filter((row) => row.tabIndex === 0)).toHaveLength(1);
});

it("tells of groups their scores, feedback and errors, also of those without a call", () => {
  const { texts, text } = book();
  const groups = [
    group([call(text)], { title: "first", score: 0.5, feedback: "expected billing" }),
    group([], { title: "second", error: "RateLimitError: 429" }),
  ];
  const el = shown(callsSnapshot(texts, groups, { omitted: 86 }));

  expect(byTestId(el, "inspector").textContent).toContain("firstscore 0.50expected billing");
  expect(byTestId(el, "inspector").textContent).toContain("86 more groups not saved");
  items(el)
    .find((row) => row.textContent?.includes("second"))
    ?.click();
  expect(byTestId(el, "inspector").textContent).toContain("Error: RateLimitError: 429");
});

it("shows errors, and attempts that could not be read", () => {
  const { texts, text } = book();
  const failed = call(text, {
    error: "AdapterError: no team",
    answer: null,
    outputs: [],
    attempts: [{ text: text("Team: shipping"), error: "`team` is missing", adapter: "chat" }],
  });

  const el = shown(callsSnapshot(texts, [group([failed])]));

  expect(byTestId(el, "inspector").textContent).toContain("AdapterError: no team");
  expect(byTestId(el, "attempts").textContent).toContain(
    "Asked again (chat layout), because: `team` is missingTeam: shipping",
  );
  expect(byTestId(el, "answer").textContent).toBe("There is none.");
});

it("sets what models and data wrote as text, never as HTML", () => {
  const evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  const { texts, text } = book();
  const checks = [{ kind: "require" as const, message: evil, held: false, tries: 2 }];
  const hostile = call(text, {
    path: evil,
    signature: evil,
    model: evil,
    inputs: [{ name: evil, type: evil, text: text(evil) }],
    messages: prompt(text, 1, evil),
    answer: text(evil),
    error: evil,
    attempts: [{ text: text(evil), error: evil, adapter: evil }],
    tool_calls: [{ name: evil, args: text(evil) }],
    reasoning: text(evil),
    rejected: evil,
  });

  const el = shown(
    callsSnapshot(texts, [group([hostile], { title: evil, feedback: evil, error: evil, checks })], {
      title: evil,
    }),
  );

  expect(el.shadowRoot?.querySelectorAll("img, script")).toHaveLength(0);
  expect(byTestId(el, "inspector").textContent?.split(evil).length).toBeGreaterThan(10);
});

const PNG = "data:image/png;base64,iVBORw0KGgo=";

it("shows pictures, tool calls and turns of a prompt, and what the model thought and called", () => {
  const { texts, text } = book();
  const called = { name: "search", args: text('{"query": "rain"}') };
  const seen = { ...block("input", text("<image 1>:"), 3), attached: "image: image/png, 9 B" };
  const messages: MessageView[] = [
    { role: "user", blocks: [block("history", text("What is this?"), 4)], tool_calls: [] },
    { role: "assistant", blocks: [block("history", text(""), 0)], tool_calls: [called] },
    { role: "tool", blocks: [block("history", text("3 mm"), 2)], tool_calls: [] },
    {
      role: "user",
      blocks: [block("hint", text("Look twice."), 4), { ...seen, picture: PNG }, seen],
      tool_calls: [],
    },
  ];
  const el = shown(
    callsSnapshot(texts, [
      group([call(text, { messages, reasoning: text("It rains."), tool_calls: [called], answer: null })]),
    ]),
  );

  const prompt = byTestId(el, "prompt");
  expect([...prompt.querySelectorAll("img")].map((img) => img.getAttribute("src"))).toEqual([PNG]);
  expect(prompt.textContent).toContain("image: image/png, 9 B");
  expect(prompt.querySelector("[data-testid=tool-call]")?.textContent).toBe('calls search{"query": "rain"}');
  expect([...prompt.querySelectorAll(".kind")].map((kind) => kind.textContent)).toEqual([
    "earlier turn",
    "earlier turn",
    "earlier turn",
    "hint",
    "input",
    "input",
  ]);
  expect([...prompt.querySelectorAll(":scope > .role")].map((role) => role.textContent)).toContain("tool");
  expect(byTestId(el, "reasoning").textContent).toBe("It rains.");
  expect(byTestId(el, "answer").textContent).toBe('calls search{"query": "rain"}');
});

it("keeps the picture of a demo with the demo", () => {
  const { texts, text } = book();
  const picture = { ...block("demo", text("<image 1>:"), 3), attached: "image: png", picture: PNG };
  const messages: MessageView[] = [
    { role: "user", blocks: [block("demo", text("q"), 1), picture], tool_calls: [] },
    { role: "assistant", blocks: [block("demo", text("a"), 1)], tool_calls: [] },
  ];

  const el = shown(callsSnapshot(texts, [group([call(text, { messages })])]));

  expect(byTestId(el, "prompt").textContent).toContain("demo 1~5 tokens");
  expect(byTestId(el, "prompt").querySelectorAll("details")).toHaveLength(1);
  expect(byTestId(el, "prompt").querySelectorAll("img")).toHaveLength(1);
});

it.each(["https://example.org/a.png", "data:image/svg+xml;base64,PHN2Zz4=", "javascript:alert(1)"])(
  "refuses a snapshot with the picture %s",
  (picture) => {
    const { texts, text } = book();
    const blocks = [{ ...block("input", text("?"), 1), attached: "image", picture }];
    const messages: MessageView[] = [{ role: "user", blocks, tool_calls: [] }];

    const el = shown(callsSnapshot(texts, [group([call(text, { messages })])]));

    expect(el.textContent).toContain("cannot be drawn");
    expect(el.querySelector("img")).toBeNull();
  },
);

it("shows why an answer was not used, and the constraints of a program", () => {
  const { texts, text } = book();
  const checks = [{ kind: "suggest" as const, message: "be brief", held: true, tries: 1 }];
  const el = shown(callsSnapshot(texts, [group([call(text, { rejected: "be brief" })], { checks })]));

  expect(byTestId(el, "check").textContent).toBe("suggest be brief asked again 1 time, met");
  expect(byTestId(el, "inspector").textContent).toContain("Not used, because: be brief");
});

it("shows a request that is not sent with its parameters and without an answer", () => {
  const { texts, text } = book();
  const unsent = call(text, {
    sent: false,
    seconds: 0,
    params: text('{"temperature": 0.5}'),
    inputs: [],
    outputs: [],
    answer: null,
  });
  const el = shown(callsSnapshot(texts, [group([unsent])]));

  expect(byTestId(el, "params").textContent).toBe('{"temperature": 0.5}');
  expect(byTestId(el, "inspector").textContent).toContain("about 120 tokens, not sent");
  expect(byTestId(el, "inspector").textContent).not.toContain("0.00 s");
  expect(byTestId(el, "inspector").textContent).not.toContain("There is none.");
});

it("cuts a very long text until it is asked for", () => {
  const { texts, text } = book();
  const long = "word ".repeat(10_000);
  const el = shown(callsSnapshot(texts, [group([call(text, { answer: text(long) })])]));
  const answer = byTestId(el, "answer");

  expect(answer.querySelector("pre")?.textContent).toHaveLength(6000);
  answer.querySelector("button")?.click();

  expect(answer.textContent).toBe(long);
});

it("stays small with 10,000 calls", () => {
  const { texts, text } = book();
  const groups = Array.from({ length: 2000 }, (_, index) =>
    group(
      Array.from({ length: 5 }, (_, id) => call(text, { path: `hops.${id}.query` })),
      { title: `row ${index}` },
    ),
  );
  const el = shown(callsSnapshot(texts, groups));
  const size = () => el.shadowRoot?.querySelectorAll("*").length;

  expect(size()).toBeLessThan(3000);
  expect(items(el)).toHaveLength(200);
  const more = [...(el.shadowRoot?.querySelectorAll("button") ?? [])].find((button) =>
    button.textContent?.startsWith("show more (1,811)"),
  );
  more?.click();
  expect(items(el)).toHaveLength(400);
});

it("says in one line that it cannot draw what is not a snapshot", () => {
  expect(shown({ version: 1, groups: "no" }).textContent).toBe(
    "This output cannot be drawn: it is not a snapshot that dspnb wrote.",
  );
  expect(shown({ ...hops(), version: 2 }).textContent).toContain("upgrade dspnb");
});
