/** Draw a run: state in, elements changed in place, clicks out. Knows no kernel and no Jupyter. */
import { h, put, shadow } from "../dom.ts";
import { count, plural, score } from "../format.ts";
import { keyboardOnly } from "../keys.ts";
import type { ChangedView, Command, Progress } from "../protocol.ts";
import theme from "../theme.css";
import { candidateTable } from "./candidates.ts";
import { comparisonView } from "./comparison.ts";
import { costsView } from "./costs.ts";
import { metersView } from "./meters.ts";
import { plotView } from "./plot.ts";
import { over, type RunState, type Status } from "./state.ts";
import css from "./style.css";

/** `asking`: a kernel is there, and has not yet said whether it knows the run. */
export type Link = "live" | "asking" | "none";

export interface Drawn {
  state: RunState;
  progress: Progress;
  /** Held-out examples that have another score than before. */
  changed: ChangedView[];
  title: string;
  link: Link;
  /** A line about the last click. */
  note: string;
}

export interface RunView {
  draw(drawn: Drawn): void;
  dispose(): void;
}

const STATUS: Record<Status, string> = {
  running: "Running",
  paused: "Paused",
  stopping: "Stopping",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
};

export function runView(host: HTMLElement, act: (kind: Command["kind"]) => void): RunView {
  let toggle: Command["kind"] = "pause";
  // Made once and only changed: a button that is made anew between press and release loses the click.
  const badge = h("span", {
    className: "badge",
    role: "status",
    "aria-live": "polite",
    "data-testid": "status",
  });
  const title = h("h3");
  const setup = h("p", { className: "quiet" });
  const chosen = h("p", { className: "quiet", "data-testid": "chosen" });
  const pause = h("button", { type: "button", "data-testid": "pause", onclick: () => act(toggle) });
  const stop = h("button", { type: "button", "data-testid": "stop", onclick: () => act("stop") }, "Stop");
  const line = h("span", { className: "quiet", "data-testid": "line" });
  const actions = h("div", { className: "actions" }, line);
  const reason = h("p", { className: "reason" });
  const work = workView();
  const meters = metersView();
  const costs = costsView();
  const comparison = comparisonView();
  const plot = plotView();
  const table = candidateTable();
  const warnings = h("ul", { className: "warnings", "aria-label": "Warnings" });
  const root = h(
    "section",
    { className: "run", "data-testid": "run" },
    h("header", {}, h("div", { className: "name" }, title, badge), actions),
    setup,
    chosen,
    reason,
    work.element,
    meters.element,
    costs.element,
    warnings,
    comparison.element,
    plot.element,
    table.element,
  );
  shadow(host, theme, css).append(root);
  keyboardOnly(host);

  function draw({ state, progress, changed, title: name, link, note }: Drawn): void {
    const ended = over(state);
    put(title, name || "Run");
    put(setup, setupWords(state));
    put(chosen, state.chosen && `${state.optimizer}, chosen for you: ${state.chosen}.`);
    root.dataset.status = ended || link === "live" ? state.status : "unknown";
    put(badge, STATUS[state.status]);
    put(reason, state.reason);
    drawActions(state, link, note);
    work.draw(state, progress, ended);
    meters.draw(state, progress, ended);
    costs.draw(state);
    drawWarnings(state.warnings);
    comparison.draw(state, changed);
    plot.draw(state);
    table.draw(state, progress);
  }

  function drawActions(state: RunState, link: Link, note: string): void {
    const ended = over(state);
    toggle = state.status === "paused" ? "resume" : "pause";
    put(pause, toggle === "resume" ? "Resume" : "Pause");
    pause.disabled = ended || state.status === "stopping";
    stop.disabled = ended;
    put(line, note || linkWords(link, ended));
    if (link !== "live") for (const button of [pause, stop]) button.remove();
    else if (!stop.isConnected || stop.parentNode !== actions) actions.append(pause, stop);
  }

  function drawWarnings(messages: string[]): void {
    for (const message of messages.slice(warnings.childElementCount)) warnings.append(h("li", {}, message));
  }

  return { draw, dispose: plot.dispose };
}

function linkWords(link: Link, ended: boolean): string {
  if (link === "live") return "";
  if (ended) return "saved view";
  return link === "asking"
    ? "connecting to the kernel \u2026"
    : "the kernel that ran this is gone: last known state";
}

function setupWords({ optimizer, sizes, reserved, budget }: RunState): string {
  const sets = (["train", "val", "test"] as const).filter((split) => sizes[split] > 0);
  return [
    optimizer,
    sets.map((split) => `${count(sizes[split])} ${split}`).join(" / "),
    budget && `budget ${budget}`,
    reserved && `${plural(sizes.test, "held-out example")} set aside from validation`,
  ]
    .filter(Boolean)
    .join("  \u00b7  ");
}

/** What the run does now: the phase in words, and how far the candidate being scored is. */
function workView() {
  const phase = h("span", { className: "phase" });
  const detail = h("span", { className: "quiet" });
  const fill = h("div", { className: "fill" });
  const bar = h(
    "div",
    {
      className: "bar",
      role: "progressbar",
      "data-testid": "progress",
      "aria-label": "Examples scored",
      "aria-valuemin": 0,
    },
    fill,
  );
  const element = h("div", { className: "work" }, h("div", { className: "words" }, phase, detail), bar);

  function draw(state: RunState, progress: Progress, ended: boolean): void {
    const { candidate, done, total } = progress; // without a candidate, of the whole search
    const scoring = total > 0; // of a minibatch the total is not known
    element.hidden = ended;
    put(phase, state.phase || "Starting");
    put(detail, candidate === null && total === 0 ? "" : scoringWords(progress));
    bar.setAttribute("aria-valuemax", String(scoring ? total : 1));
    bar.setAttribute("aria-valuenow", String(scoring ? done : 0));
    bar.setAttribute("aria-valuetext", scoring ? scoringWords(progress) : "waiting");
    fill.style.setProperty("width", `${scoring ? Math.min(100, (100 * done) / total) : 0}%`);
  }

  return { element, draw };
}

const SETS: Record<Progress["split"], string> = {
  train: " on the training set",
  val: "",
  test: " on the held-out set",
};

function scoringWords({ candidate, split, done, total, mean }: Progress): string {
  if (candidate === null) return `${count(done)} of at most ${plural(total, "run")} of the program`;
  const scored = total > 0 ? `${count(done)} of ${count(total)}` : `${count(done)} scored`;
  const running = mean === null ? "" : `, mean ${score(mean)}`;
  return `candidate ${candidate}${SETS[split]}: ${scored}${running}`;
}
