/** After the end: baseline and best on examples that the search never saw. */
import { h, put } from "../dom.ts";
import { count, interval, score, signed } from "../format.ts";
import type { Compared, Evaluated } from "../protocol.ts";
import { rangeMark } from "./range.ts";
import type { RunState } from "./state.ts";

export function comparisonView() {
  const difference = h("strong");
  const where = h("span");
  const words = h("p", { className: "verdict" });
  const rows = h("tbody");
  const element = h(
    "section",
    {
      className: "comparison",
      hidden: true,
      "aria-label": "Held-out comparison",
      "data-testid": "comparison",
    },
    h("div", { className: "headline" }, h("p", {}, difference, " ", where), words),
    h("table", {}, rows),
  );
  let drawn: Compared | null = null;

  function draw(state: RunState): void {
    const { comparison } = state;
    element.hidden = comparison === null;
    if (comparison === null || comparison === drawn) return;
    drawn = comparison;
    put(difference, signed(comparison.difference));
    put(where, `${interval(comparison)} on ${count(comparison.n)} held-out examples`);
    put(words, verdict(comparison));
    element.dataset.verdict = tone(comparison);
    const ids = new Set([comparison.baseline, comparison.best]); // one when nothing was better
    const known = [...ids].map((id) => scoreOnTest(state, id)).filter((tested) => tested !== null);
    const domain: [number, number] = [
      Math.min(...known.map(({ low }) => low)),
      Math.max(...known.map(({ high }) => high)),
    ];
    const name = (id: number) => (id === comparison.baseline ? "baseline" : "best");
    rows.replaceChildren(...known.map((tested) => row(name(tested.candidate), tested, domain)));
  }

  return { element, draw };
}

/** What the numbers mean, in words. */
export function verdict(comparison: Compared): string {
  if (comparison.best === comparison.baseline) return "Nothing beat the baseline.";
  if (comparison.low > 0) return "Better than the baseline on examples the search never saw.";
  if (comparison.high < 0) return "Worse than the baseline on examples the search never saw.";
  return "The interval holds 0: this could be luck.";
}

function tone({ low, high }: Compared): "better" | "worse" | "unclear" {
  if (low > 0) return "better";
  return high < 0 ? "worse" : "unclear";
}

function scoreOnTest(state: RunState, id: number): Evaluated | null {
  return state.candidates.find((candidate) => candidate.id === id)?.scores.test ?? null;
}

function row(name: string, tested: Evaluated, domain: [number, number]): HTMLElement {
  return h(
    "tr",
    { className: name },
    h("th", { scope: "row" }, name, h("span", { className: "quiet" }, ` candidate ${tested.candidate}`)),
    h("td", { className: "value" }, score(tested.mean)),
    h("td", { className: "quiet" }, interval(tested)),
    h("td", {}, rangeMark(tested, domain)),
  );
}
