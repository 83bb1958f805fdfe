/** After the end: baseline and best on examples that the search never saw. */
import { h, put } from "../dom.ts";
import { count, interval, likely, often, score, signed } from "../format.ts";
import type { ChangedView } from "../protocol.ts";
import { changedView } from "./changed.ts";
import { type Range, rangeMark } from "./range.ts";
import type { Comparison, RunState } from "./state.ts";

/** The place of the counts, which can be clicked, among facts that are words. */
const CHANGED = Symbol("changed");

export function comparisonView() {
  const difference = h("strong");
  const where = h("span");
  const words = h("p", { className: "verdict" });
  const facts = h("ul", { className: "facts quiet" });
  const rows = h("tbody");
  const changed = changedView();
  const element = h(
    "section",
    {
      className: "comparison",
      hidden: true,
      "aria-label": "Held-out comparison",
      "data-testid": "comparison",
    },
    h("div", { className: "headline" }, h("p", {}, difference, " ", where), words, facts),
    h("table", { className: "forest" }, rows),
    changed.tables,
  );
  let drawn: Comparison | null = null;
  let listed: ChangedView[] | null = null;

  function draw(state: RunState, examples: ChangedView[]): void {
    const { comparison } = state;
    element.hidden = comparison === null;
    if (comparison === null || (comparison === drawn && examples === listed)) return;
    drawn = comparison;
    listed = examples;
    put(difference, signed(comparison.difference));
    put(where, `${interval(comparison)} on ${count(comparison.n)} held-out examples`);
    put(words, verdict(comparison));
    element.dataset.verdict = tone(comparison);
    changed.draw(comparison, examples);
    facts.replaceChildren(
      ...known(comparison).map((fact) => (fact === CHANGED ? changed.counts : h("li", {}, fact))),
    );
    rows.replaceChildren(...forest(state, comparison));
  }

  return { element, draw };
}

/** What the numbers mean, in words. */
export function verdict(comparison: Comparison): string {
  if (comparison.best === comparison.baseline) return "Nothing beat the baseline.";
  if (comparison.returned === false)
    return "Not distinguishable from the program as it was, which is returned.";
  if (comparison.low > 0) return "Better than the baseline on examples the search never saw.";
  if (comparison.high < 0) return "Worse than the baseline on examples the search never saw.";
  return "The interval holds 0: this could be luck.";
}

function tone({ low, high, returned }: Comparison): "better" | "worse" | "unclear" {
  if (low > 0) return returned === false ? "unclear" : "better";
  return high < 0 ? "worse" : "unclear";
}

/** The rest of what the comparison says, one thought a piece. */
function known(comparison: Comparison): (string | typeof CHANGED)[] {
  const { best, baseline, better, fixed, broke, search, after, opened } = comparison;
  const facts: (string | typeof CHANGED)[] = [];
  if (best !== baseline) {
    if (better !== undefined) facts.push(`P(better) ${likely(better)}`);
    if (fixed !== undefined && broke !== undefined) facts.push(CHANGED);
    if (search !== undefined && after !== undefined)
      facts.push(`search said ${score(search)}: optimism ${signed(search - after)}`);
  }
  if (opened) facts.push(`test set opened ${often(opened)}`);
  return facts;
}

/** Baseline and best on one scale, their paired difference on another. */
function forest(state: RunState, comparison: Comparison): HTMLElement[] {
  const { baseline, best, before, after, difference, low, high } = comparison;
  const tested = (id: number): Range | null =>
    state.candidates.find((candidate) => candidate.id === id)?.scores.test ?? null;
  const start = { name: "baseline", id: baseline, mean: before, range: tested(baseline) };
  const end = { name: "best", id: best, mean: after, range: tested(best) };
  const programs = best === baseline ? [start] : [start, end];
  const ranges = programs.map(({ range }) => range).filter((range) => range !== null);
  const domain: [number, number] = [
    Math.min(...ranges.map((range) => range.low)),
    Math.max(...ranges.map((range) => range.high)),
  ];
  const rows = programs
    .filter(({ mean, range }) => range !== null || mean !== undefined)
    .map(({ name, id, mean, range }) =>
      row(name, `candidate ${id}`, score(range?.mean ?? mean ?? 0), range, range && rangeMark(range, domain)),
    );
  if (best === baseline) return rows;
  const paired = { mean: difference, low, high };
  const around: [number, number] = [Math.min(low, 0), Math.max(high, 0)];
  return [...rows, row("difference", "paired", signed(difference), paired, rangeMark(paired, around, 0))];
}

function row(
  name: string,
  detail: string,
  value: string,
  range: Range | null,
  mark: Element | null,
): HTMLElement {
  return h(
    "tr",
    { className: name },
    h("th", { scope: "row" }, name, h("span", { className: "quiet" }, ` ${detail}`)),
    h("td", { className: "value" }, value),
    h("td", { className: "quiet" }, range ? interval(range) : ""),
    h("td", {}, mark),
  );
}
