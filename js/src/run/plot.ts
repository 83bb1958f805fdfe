/** The score plot: a dot with its interval for each candidate, the best so far as a staircase. */
import { h, put, svg } from "../dom.ts";
import { count, interval, plural, score } from "../format.ts";
import type { Evaluated } from "../protocol.ts";
import { roundStep, type Scale, scale, scoreDomain } from "./scale.ts";
import { baseline, best, bestMean, type RunState, shown } from "./state.ts";

const HEIGHT = 210;
const MARGIN = { top: 10, right: 14, bottom: 34, left: 44 };
const UNMEASURED = 640; // the width before the page is laid out

export function plotView() {
  const caption = h("h4", {}, "Mean score");
  const legend = h(
    "p",
    { className: "legend quiet" },
    key("dot", "candidate, 95% interval"),
    key("stairs", "best so far"),
    key("baseline", "baseline"),
  );
  const canvas = h("div", { className: "canvas" });
  const element = h(
    "section",
    { className: "plot", hidden: true, "data-testid": "plot" },
    h("div", { className: "caption" }, caption, legend),
    canvas,
  );
  let drawn: RunState | null = null;
  let width = UNMEASURED;

  function draw(state: RunState): void {
    if (state === drawn) return; // a new drawing would end the tooltip that is open
    drawn = state;
    const dots = scored(state);
    element.hidden = dots.length === 0;
    put(caption, captionWords(state, dots));
    canvas.replaceChildren(...(dots.length > 0 ? [plot(state, dots, width)] : []));
  }

  const observer = new ResizeObserver(([entry]) => {
    const measured = Math.round(entry?.contentRect.width ?? 0);
    if (measured < 50 || measured === width) return;
    width = measured;
    const state = drawn;
    drawn = null;
    if (state) draw(state);
  });
  observer.observe(canvas);

  return { element, draw, dispose: () => observer.disconnect() };
}

function key(name: string, words: string): HTMLElement {
  return h("span", {}, h("i", { className: `key ${name}` }), words);
}

function scored(state: RunState): Evaluated[] {
  return state.candidates.map(shown).filter((evaluated) => evaluated !== null);
}

function plot(state: RunState, dots: Evaluated[], width: number): SVGElement {
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const values = dots.flatMap(({ low, mean, high }) => [low, mean, high]);
  const y = scale(scoreDomain([...values, ...state.bests.map(({ mean }) => mean)]), [bottom, MARGIN.top], 5);
  const x = candidateScale(state, [MARGIN.left, right]);
  const start = baseline(state);
  const zero = start && shown(start);
  const leader = best(state)?.id;
  return svg(
    "svg",
    {
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: "img",
      "aria-label": inWords(state, dots),
    },
    ...y.ticks.map((tick) => horizontal(tick, y, right)),
    ...x.ticks.map((tick) => svg("text", { class: "tick", x: x.place(tick), y: bottom + 15 }, count(tick))),
    svg("text", { class: "axis", x: (MARGIN.left + right) / 2, y: HEIGHT - 3 }, "candidate"),
    zero && svg("line", { class: "baseline", x1: MARGIN.left, x2: right, ...level(y.place(zero.mean)) }),
    svg("path", { class: "stairs", d: stairs(state, x, y, right) }),
    ...dots.map((dot) => mark(dot, x, y, dot.candidate === leader, dots.length)),
    leader !== undefined && lead(state, leader, x, y),
  );
}

/** Means over other examples cannot be compared as they stand. */
function captionWords(state: RunState, dots: Evaluated[]): string {
  if (dots.every(({ split }) => split === "train")) return "Mean score on the training set";
  const inPart = dots.some(({ split, n }) => split === "val" && n < state.sizes.val);
  return inPart ? `Mean score, of each on its own part of ${count(state.sizes.val)} examples` : "Mean score";
}

/** Each candidate has a slot of the same width; ticks at round numbers. */
function candidateScale(state: RunState, [left, right]: [number, number]): Scale {
  const first = state.candidates[0]?.id ?? 0;
  const last = state.candidates.at(-1)?.id ?? 0;
  const slot = (right - left) / (last - first + 1);
  const step = Math.max(1, roundStep((last - first) / Math.max(2, (right - left) / 60)));
  const start = Math.ceil(first / step);
  const ticks = Array.from(
    { length: Math.floor(last / step) - start + 1 },
    (_, index) => (start + index) * step,
  );
  return { ticks, place: (id) => left + (id - first + 0.5) * slot };
}

function horizontal(tick: number, y: Scale, right: number): SVGElement {
  return svg(
    "g",
    {},
    svg("line", { class: "grid", x1: MARGIN.left, x2: right, ...level(y.place(tick)) }),
    svg("text", { class: "tick left", x: MARGIN.left - 8, y: y.place(tick) + 4 }, score(tick)),
  );
}

function level(y: number): { y1: number; y2: number } {
  return { y1: y, y2: y };
}

/**
 * A candidate can become best after later ones were proposed, and be expected to have another mean than
 * before; the staircase only goes to the right, with one step a candidate.
 */
function stairs(state: RunState, x: Scale, y: Scale, right: number): string {
  let at = Number.NEGATIVE_INFINITY;
  const means = new Map<number, number>();
  for (const { candidate, mean } of state.bests) {
    at = Math.max(at, candidate);
    means.set(at, mean);
  }
  const steps = [...means].map(([id, mean], index) => {
    const [px, py] = [x.place(id).toFixed(1), y.place(mean).toFixed(1)];
    return index === 0 ? `M${px} ${py}` : `H${px}V${py}`;
  });
  return steps.length > 0 ? `${steps.join("")}H${right}` : "";
}

function mark(dot: Evaluated, x: Scale, y: Scale, isBest: boolean, total: number): SVGElement {
  const [px, top, bottom] = [x.place(dot.candidate), y.place(dot.high), y.place(dot.low)];
  const radius = total > 100 ? 2 : 3.2;
  return svg(
    "g",
    { class: `candidate ${isBest ? "best" : ""} ${dot.split}` },
    svg("title", {}, `candidate ${dot.candidate}: ${described(dot)}`),
    svg("rect", { class: "target", x: px - 5, y: top - 6, width: 10, height: bottom - top + 12 }),
    svg("line", { class: "whisker", x1: px, x2: px, y1: top, y2: bottom }),
    svg("circle", { cx: px, cy: y.place(dot.mean), r: radius }),
  );
}

/** The best candidate at what it is expected to have, which a few examples alone do not tell. */
function lead(state: RunState, leader: number, x: Scale, y: Scale): SVGElement | false {
  const known = bestMean(state);
  if (!known) return false;
  const words = `candidate ${leader}: ${score(known.mean)} expected on all ${count(state.sizes.val)} examples`;
  return svg(
    "g",
    { class: "lead" },
    known.expected && svg("title", {}, words),
    svg("circle", { cx: x.place(leader), cy: y.place(known.mean), r: 4.5 }),
  );
}

function described(dot: Evaluated): string {
  const where = dot.split === "train" ? "training examples" : "examples";
  return `${score(dot.mean)} ${interval(dot)} on ${count(dot.n)} ${where}`;
}

/** The plot for those who cannot see it. */
function inWords(state: RunState, dots: Evaluated[]): string {
  const means = dots.map(({ mean }) => mean);
  const [start, leader] = [baseline(state), best(state)].map((each) => each && shown(each));
  return [
    `Mean scores of ${plural(dots.length, "candidate")}, from ${score(Math.min(...means))} to ${score(Math.max(...means))}.`,
    start && `Baseline: ${described(start)}.`,
    leader && `Best: candidate ${leader.candidate}, ${described(leader)}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
