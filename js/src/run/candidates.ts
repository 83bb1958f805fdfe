/** The table of candidates: score, interval, what changed. Rows are made once and replaced when they differ. */
import { h, put } from "../dom.ts";
import { count, interval, plural, score } from "../format.ts";
import type { Progress } from "../protocol.ts";
import { best, type Candidate, type RunState, shown } from "./state.ts";

const LONG = 160; // characters of a change that are shown unopened

interface Row {
  candidate: Candidate;
  mark: string;
  element: HTMLTableRowElement;
}

export function candidateTable() {
  const rows = new Map<number, Row>();
  const body = h("tbody");
  const number = h("span", { className: "quiet" });
  const box = h(
    "div",
    { className: "box", tabIndex: 0, role: "region", "aria-label": "Candidates" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...["#", "score", "", "what changed"].map((name) => h("th", {}, name)))),
      body,
    ),
  );
  const element = h(
    "section",
    { className: "candidates", hidden: true, "data-testid": "candidates" },
    h("h4", {}, "Candidates ", number),
    box,
  );
  const stick = stickToEnd(box);

  function draw(state: RunState, progress: Progress): void {
    element.hidden = state.candidates.length === 0;
    put(number, count(state.candidates.length));
    const leader = best(state)?.id;
    let changed = false;
    for (const candidate of state.candidates) {
      const mark = candidate.id === leader ? "best" : marks(candidate, progress, state);
      const known = rows.get(candidate.id);
      if (known?.candidate === candidate && known.mark === mark) continue;
      const made = row(candidate, mark);
      if (known) replace(known.element, made);
      else body.append(made);
      rows.set(candidate.id, { candidate, mark, element: made });
      changed = true;
    }
    if (rows.size > state.candidates.length) forget(state);
    if (changed) stick();
  }

  function forget(state: RunState): void {
    const there = new Set(state.candidates.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (there.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
  }

  return { element, draw };
}

function marks(candidate: Candidate, progress: Progress, state: RunState): string {
  const scoring = state.status === "running" && progress.candidate === candidate.id;
  return scoring && shown(candidate) === null ? "scoring" : "";
}

function row(candidate: Candidate, mark: string): HTMLTableRowElement {
  const evaluated = shown(candidate);
  return h(
    "tr",
    { className: mark },
    h("td", { className: "id" }, String(candidate.id)),
    h(
      "td",
      { className: "score" },
      evaluated
        ? score(evaluated.mean)
        : h("span", { className: "quiet" }, mark === "scoring" ? "\u2026" : "\u2013"),
    ),
    h(
      "td",
      { className: "quiet interval" },
      evaluated ? `${interval(evaluated)} n\u202f=\u202f${count(evaluated.n)}` : "",
    ),
    h(
      "td",
      { className: "changes" },
      mark === "best" && h("span", { className: "chip" }, "best"),
      evaluated?.split === "train" && h("span", { className: "chip plain" }, "on train"),
      evaluated &&
        evaluated.errors > 0 &&
        h("span", { className: "chip bad" }, plural(evaluated.errors, "error")),
      candidate.note && h("span", { className: "note" }, candidate.note),
      ...Object.entries(candidate.changes).map(([path, words]) => change(path, words)),
    ),
  );
}

function change(path: string, words: string): HTMLElement {
  const name = h("code", {}, path);
  if (words.length <= LONG) return h("p", {}, name, " ", words);
  const start = `${words.slice(0, LONG).trimEnd()} \u2026`;
  return h("details", {}, h("summary", {}, name, " ", h("span", {}, start)), h("p", {}, words));
}

/** What the reader unfolded stays so. */
function replace(old: HTMLElement, made: HTMLElement): void {
  const folds = made.querySelectorAll("details");
  for (const [place, fold] of old.querySelectorAll("details").entries()) {
    if (fold.open) folds[place]?.setAttribute("open", "");
  }
  old.replaceWith(made);
}

/** Keep the latest row in sight, unless the reader has scrolled away from the end. */
function stickToEnd(box: HTMLElement): () => void {
  let following = true;
  const follow = () => {
    if (following) box.scrollTop = box.scrollHeight;
  };
  box.addEventListener("scroll", () => {
    following = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  });
  new ResizeObserver(follow).observe(box);
  return follow;
}
