// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import type { Event } from "../src/protocol.ts";
import widget from "../src/run/index.ts";
import {
  allByTestId,
  byTestId,
  changedRow,
  fakeKernel,
  fakeModel,
  paged,
  progress,
  settled,
} from "./fakes.ts";

const running: Event[] = paged().slice(0, 10);

function shown(traits: Record<string, unknown> = {}, kernel = undefined as Parameters<typeof fakeModel>[1]) {
  const events = (traits.events as Event[]) ?? running;
  const model = fakeModel(
    { run_id: "run-1", title: "triage", events, progress: progress({ events: events.length }), ...traits },
    kernel,
  );
  const el = document.createElement("div");
  const close = widget.render({ model: model as never, el });
  return { model, el, close };
}

it("shows where the run is", () => {
  const { el } = shown({
    progress: progress({
      events: running.length,
      candidate: 1,
      done: 5,
      total: 20,
      mean: 0.8,
      calls: 1412,
      cached: 96,
      dollars: 0.0315,
    }),
  });

  expect(byTestId(el, "status").textContent).toBe("Running");
  expect(byTestId(el, "calls").textContent).toContain("1,412 +96 from cache");
  expect(byTestId(el, "run").textContent).toContain("$0.032");
  expect(byTestId(el, "run").textContent).toContain("candidate 1: 5 of 20, mean 0.80");
  expect(byTestId(el, "progress").getAttribute("aria-valuenow")).toBe("5");
  expect(byTestId(el, "progress").getAttribute("aria-valuemax")).toBe("20");
});

it("shows no dollars when nothing costs any", () => {
  const { el } = shown();

  const cost = [...byTestId(el, "run").querySelectorAll("dl > div")].find((each) =>
    each.textContent?.startsWith("cost"),
  );
  expect((cost as HTMLElement).hidden).toBe(true);
});

it("says of how many calls the price is not known", () => {
  const { el } = shown({ progress: progress({ calls: 5, dollars: 0.0012, unpriced: 3 }) });
  expect(byTestId(el, "cost").textContent).toBe("$0.0012 + 3 calls of unknown price");

  const { el: another } = shown({ progress: progress({ calls: 5, unpriced: 1 }) });
  expect(byTestId(another, "cost").textContent).toContain("1 call of unknown price");
});

it("draws each candidate with its interval, and says the plot in words", () => {
  const { el } = shown({ events: paged() });

  const plot = byTestId(el, "plot");
  expect(plot.querySelectorAll("g.candidate")).toHaveLength(3);
  expect(plot.querySelectorAll("g.candidate.best")).toHaveLength(1);
  expect(plot.querySelector("g.candidate title")?.textContent).toBe(
    "candidate 0: 0.50 [0.30, 0.70] on 20 examples",
  );
  expect(plot.querySelector("[role=img]")?.getAttribute("aria-label")).toBe(
    "Mean scores of 3 candidates, from 0.50 to 0.75. " +
      "Baseline: 0.50 [0.30, 0.70] on 20 examples. Best: candidate 1, 0.75 [0.56, 0.94] on 20 examples.",
  );
});

it("lists the candidates with what changed, and marks the best", () => {
  const { el } = shown({ events: paged() });

  const rows = [...byTestId(el, "candidates").querySelectorAll("tbody tr")];
  expect(rows).toHaveLength(3);
  expect(rows[1]?.className).toBe("best");
  expect(rows[1]?.textContent).toContain("triage.predict 4 demos");
  expect(rows[1]?.textContent).toContain("1 error");
});

it("tells what the run may take while it goes on", () => {
  const { el } = shown({ events: paged().slice(0, 12) });

  expect(byTestId(el, "estimate").textContent).toBe(
    "About 96 runs of the program (baseline 20, searching 16, comparing 60), at most 96 calls, 21.9k tokens, $0.0096, 30 s.",
  );
  expect(byTestId(el, "spent").hidden).toBe(true);
  expect(byTestId(el, "run").textContent).toContain(
    "Resumed: 14 scored examples from before, with 16 calls for $0.0020.",
  );
  expect(byTestId(el, "run").textContent).toContain("30 held-out examples set aside from validation");
});

it("says that a price is not known once the tokens are, and nothing of it before", () => {
  const estimated = {
    seq: 90,
    time: 1,
    kind: "estimated",
    program_calls: { searching: 9 },
    calls: 9,
  } as const;
  const [before] = [{ ...estimated, tokens: null, dollars: null, seconds: null }];
  const { el, model } = shown({ events: [...running, before] });
  expect(byTestId(el, "estimate").textContent).toBe("About 9 runs of the program, at most 9 calls.");

  model.update({ events: [...running, { ...before, seq: 91, tokens: 4000 }] });

  expect(byTestId(el, "estimate").textContent).toBe(
    "About 9 runs of the program, at most 9 calls, 4k tokens, unknown price.",
  );
});

it("tells questions to the proposer from runs of the program", () => {
  const estimated = {
    seq: 90,
    time: 1,
    kind: "estimated",
    program_calls: { searching: 9 },
    calls: 12,
    tokens: null,
    dollars: null,
    seconds: null,
    questions: 3,
  } as const;
  const { el } = shown({ events: [...running, estimated] });

  expect(byTestId(el, "estimate").textContent).toBe(
    "About 9 runs of the program and 3 questions to the proposer, at most 12 calls.",
  );
});

it("sets what was spent beside what was expected", () => {
  const { el } = shown({ events: paged() });

  const rows = [...byTestId(el, "spent").querySelectorAll("tr")].map((row) =>
    [...row.children].map(({ textContent }) => textContent),
  );
  expect(rows).toEqual([
    ["", "runs of the program", "calls", "tokens", "cost", "time"],
    ["estimated", "96", "96", "21.9k", "$0.0096", "30 s"],
    ["spent", "92 14 known from before", "70 +8 from cache", "18k", "$0.0071", "0:02"],
  ]);
  expect(byTestId(el, "estimate").textContent).toBe(
    "Expected runs of the program: baseline 20, searching 16, comparing 60.",
  );
});

it("does not say twice what was spent", () => {
  const { el } = shown({ events: paged(), progress: progress({ calls: 70, tokens_in: 9, seconds: 3 }) });

  const meters = [...byTestId(el, "run").querySelectorAll<HTMLElement>("dl > div")];
  expect(meters.filter(({ hidden }) => !hidden).map(({ textContent }) => textContent)).toEqual([
    "best0.75 candidate 1",
  ]);
});

it("shows no column of a cost that nobody has", () => {
  const free = paged().map((event) =>
    event.kind === "spent" || event.kind === "estimated" ? { ...event, dollars: 0 } : event,
  );

  const { el } = shown({ events: free });

  expect(byTestId(el, "spent").textContent).not.toContain("cost");
});

it("compares with the baseline on held-out examples, in words and rows", () => {
  const { el } = shown({ events: paged() });

  const comparison = byTestId(el, "comparison");
  expect(comparison.textContent).toContain("+0.27 [0.10, 0.43] on 30 held-out examples");
  expect(comparison.textContent).toContain("Better than the baseline");
  expect([...comparison.querySelectorAll("li")].map(({ textContent }) => textContent)).toEqual([
    "P(better) >0.99",
    "fixed 10, broke 2",
    "search said 0.75: optimism \u22120.05",
    "test set opened once",
  ]);
  expect([...comparison.querySelectorAll("tr")].map(({ textContent }) => textContent)).toEqual([
    "baseline candidate 00.53[0.35, 0.71]",
    "best candidate 10.80[0.66, 0.94]",
    "difference paired+0.27[0.10, 0.43]",
  ]);
  expect(comparison.querySelectorAll("svg.range")).toHaveLength(3);
});

const changed = [...[7, 9].map((i) => changedRow(i, 1, 0)), ...[0, 1, 2].map((i) => changedRow(i, 0, 0.5))];

it("opens the examples that it broke or fixed under their counts, and closes them again", () => {
  const { el } = shown({ events: paged(), changed });
  const [button, rows] = [byTestId(el, "broke"), byTestId(el, "rows-broke")];
  expect(rows.hidden).toBe(true);
  expect(button.getAttribute("aria-expanded")).toBe("false");

  button.click();

  expect(rows.hidden).toBe(false);
  expect(button.getAttribute("aria-expanded")).toBe("true");
  expect(byTestId(el, "rows-fixed").hidden).toBe(true);
  expect([...rows.querySelectorAll("tbody tr")].map(({ textContent }) => textContent)).toEqual([
    "7ticket 7postpostscore 1.00postscore 0.00",
    "9ticket 9postpostscore 1.00postscore 0.00",
  ]);
  button.click();
  expect(rows.hidden).toBe(true);
});

it("counts the examples that it does not list", () => {
  const { el } = shown({ events: paged(), changed });

  byTestId(el, "fixed").click();

  expect(byTestId(el, "rows-fixed").querySelectorAll("tbody tr")).toHaveLength(3);
  expect(byTestId(el, "rows-fixed").textContent).toContain("and 7 more: run.comparison.rows(i)");
  expect(byTestId(el, "rows-broke").textContent).not.toContain("more");
});

it("keeps the examples open while the run goes on", () => {
  const { el, model } = shown({ events: paged(), changed });
  byTestId(el, "broke").click();

  model.update({ progress: progress({ calls: 9 }) });
  model.update({ changed: [...changed] });

  expect(byTestId(el, "rows-broke").hidden).toBe(false);
});

it("has nothing to open where no examples came along", () => {
  const { el } = shown({ events: paged() });

  expect(byTestId(el, "broke").hidden).toBe(true);
  expect(byTestId(el, "comparison").textContent).toContain("fixed 10, broke 2");
});

it("says that the program as it was is returned when the best one cannot be told from it", () => {
  const unclear = paged().map((event) =>
    event.kind === "compared" ? { ...event, low: -0.02, returned: false } : event,
  );

  const { el } = shown({ events: unclear });

  const comparison = byTestId(el, "comparison");
  expect(comparison.textContent).toContain(
    "Not distinguishable from the program as it was, which is returned.",
  );
  expect(comparison.dataset.verdict).toBe("unclear");
});

it("says no more than that nothing was better when nothing was", () => {
  const nothing = paged().map((event) =>
    event.kind === "compared"
      ? { ...event, best: 0, difference: 0, low: 0, high: 0, after: 0.53, opened: 0 }
      : event,
  );

  const { el } = shown({ events: nothing });

  const comparison = byTestId(el, "comparison");
  expect(comparison.textContent).toContain("Nothing beat the baseline.");
  expect(comparison.querySelectorAll("tr")).toHaveLength(1);
  expect(comparison.querySelectorAll("li")).toHaveLength(0);
});

it("says that a difference could be luck when its interval holds 0", () => {
  const luck = paged().map((event) => (event.kind === "compared" ? { ...event, low: -0.02 } : event));

  const { el } = shown({ events: luck });

  expect(byTestId(el, "comparison").textContent).toContain("this could be luck");
});

it("lists warnings, and why a run ended", () => {
  const { el } = shown({ events: paged() });

  expect(byTestId(el, "run").textContent).toContain("could not be read; it counts as 0.");
  expect(byTestId(el, "run").textContent).toContain("budget of 120 calls spent");
});

it("sets what models and data wrote as text, never as HTML", () => {
  const evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  const hostile = paged().map((event) => {
    if (event.kind === "proposed") return { ...event, note: evil, changes: { [evil]: evil.repeat(9) } };
    if (event.kind === "warned") return { ...event, message: evil };
    if (event.kind === "phase") return { ...event, name: evil };
    if (event.kind === "status") return { ...event, reason: evil };
    if (event.kind === "started") return { ...event, optimizer: evil, budget: evil };
    if (event.kind === "estimated") return { ...event, program_calls: { [evil]: 1, more: 2 } };
    return event;
  });

  const { el } = shown({ title: evil, events: hostile, changed: [changedRow(1, 1, 0, evil)] });

  expect(el.shadowRoot?.querySelectorAll("img, script")).toHaveLength(0);
  expect(byTestId(el, "run").textContent?.split(evil).length).toBeGreaterThan(10);
});

it("keeps its buttons, and the focus in them, through updates", () => {
  const { el, model } = shown();
  document.body.append(el);
  const [stop, pause] = [byTestId(el, "stop"), byTestId(el, "pause")];
  stop.focus();

  for (let done = 0; done < 10; done++)
    model.update({ progress: progress({ candidate: 1, done, total: 10 }) });
  const paused: Event = { seq: 90, time: 2, kind: "status", status: "paused", reason: "" };
  model.update({ events: [...running, paused] });

  expect(byTestId(el, "stop")).toBe(stop);
  expect(byTestId(el, "pause")).toBe(pause);
  expect(pause.textContent).toBe("Resume");
  expect(el.shadowRoot?.activeElement).toBe(stop);
});

it("shows no more candidates than it knows, however long it was open", () => {
  const proposed = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index): Event => {
      const candidate = from + index;
      return { seq: candidate, time: 0, kind: "proposed", candidate, parent: null, note: "", changes: {} };
    });
  const { el, model } = shown({ events: proposed(0, 900) });

  model.update({ events: proposed(600, 1600) });

  const rows = [...byTestId(el, "candidates").querySelectorAll("tbody tr td.id")];
  expect(rows.map(({ textContent }) => textContent)).toEqual([
    "0",
    ...proposed(600, 1600).map(({ seq }) => `${seq}`),
  ]);
});

it("keeps a change that the reader unfolded through updates", () => {
  const long = paged().map((event) =>
    event.kind === "proposed" ? { ...event, changes: { triage: "instructions ".repeat(40) } } : event,
  );
  const { el, model } = shown({ events: long.slice(0, 11) });
  const unfolded = () => [...byTestId(el, "candidates").querySelectorAll("details")].map(({ open }) => open);
  byTestId(el, "candidates").querySelector("details")?.setAttribute("open", "");

  model.update({ events: long });

  expect(unfolded()).toEqual([true, false, false]);
});

it("sends clicks as messages where there is no kernel connection", async () => {
  const { el, model } = shown();

  byTestId(el, "pause").click();
  byTestId(el, "stop").click();
  await settled();

  expect(model.sent).toEqual([{ kind: "pause" }, { kind: "stop" }]);
  expect(byTestId(el, "line").textContent).toBe("Asked; the kernel answers when it is free.");
});

it("says so when the kernel does not know the run any more", async () => {
  const { el } = shown({}, fakeKernel({ subshells: true, answer: false }));

  byTestId(el, "stop").click();
  await settled();

  expect(allByTestId(el, "stop")).toHaveLength(0);
  expect(byTestId(el, "line").textContent).toBe("the kernel that ran this is gone: last known state");
});

it("has nothing left to press when the run is over", () => {
  const { el } = shown({ events: paged() });

  expect((byTestId(el, "stop") as HTMLButtonElement).disabled).toBe(true);
  expect((byTestId(el, "pause") as HTMLButtonElement).disabled).toBe(true);
});

it("draws no buttons for a run id that no kernel would give", () => {
  const { el, model } = shown({ run_id: 'x"); __import__("os").system("id' });

  expect(allByTestId(el, "stop")).toHaveLength(0);
  expect(model.sent).toEqual([]);
});

it("asks again for lost messages, at most once a second", async () => {
  vi.useFakeTimers();
  const { model } = shown({ progress: progress({ events: running.length + 2 }) });
  for (let index = 0; index < 5; index++)
    model.update({ progress: progress({ events: running.length + 2 }) });
  await vi.advanceTimersByTimeAsync(900);
  const early = [...model.sent];
  await vi.advanceTimersByTimeAsync(200);

  expect(early).toEqual([{ kind: "resync" }]);
  expect(model.sent).toEqual([{ kind: "resync" }, { kind: "resync" }]);
  vi.useRealTimers();
});

it("asks for nothing when nothing is missing", async () => {
  const { model } = shown();

  model.update({ events: paged(), progress: progress({ events: paged().length }) });
  await settled();

  expect(model.sent).toEqual([]);
});

it("survives traits that are not what the protocol says", () => {
  const { el } = shown({ events: [{ kind: "proposed", seq: 1 }], progress: {} });

  expect(byTestId(el, "status").textContent).toBe("Running");
});

it("listens no more after it was closed", () => {
  const { model, close } = shown();

  close();

  expect(model.listeners.size).toBe(0);
});

it("shows a search that scores each candidate on some examples: who leads, and what is expected of it", () => {
  const told = { time: 0, candidate: 1 };
  const score = { ...told, kind: "evaluated", split: "val", errors: 0, low: 0, high: 1 } as const;
  const events: Event[] = [
    {
      seq: 0,
      time: 0,
      kind: "started",
      optimizer: "Race",
      train: 60,
      val: 94,
      test: 0,
      reserved: false,
      budget: "",
      chosen: "60 examples to learn from",
    },
    { ...score, seq: 1, candidate: 0, mean: 0.1, n: 10 },
    { ...score, seq: 2, mean: 0.5, n: 20 },
    { ...score, seq: 3, candidate: 2, mean: 0.9, n: 5 },
    { ...told, seq: 4, kind: "best", mean: 0.3 },
    { ...told, seq: 5, kind: "best", candidate: 2, mean: 0.6 },
    { ...told, seq: 6, kind: "best", mean: 0.625 },
  ];

  const { el } = shown({ events, progress: progress({ events: 7, candidate: null, done: 35, total: 500 }) });

  const run = byTestId(el, "run");
  expect(byTestId(el, "chosen").textContent).toBe("Race, chosen for you: 60 examples to learn from.");
  expect(run.textContent).toContain("35 of at most 500 runs of the program");
  expect(run.querySelector("dl > div")?.textContent).toBe("best0.63 candidate 1, expected");
  expect(run.querySelector("tr.best .id")?.textContent).toBe("1");
  expect(byTestId(el, "plot").querySelector("h4")?.textContent).toBe(
    "Mean score, of each on its own part of 94 examples",
  );
  // A step for candidate 1, and one for 2 with what is expected of the best since then.
  expect(byTestId(el, "plot").querySelector("path.stairs")?.getAttribute("d")).toMatch(
    /^M[\d.]+ [\d.]+H[\d.]+V[\d.]+H[\d.]+$/,
  );
});
