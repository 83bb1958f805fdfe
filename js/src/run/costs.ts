/** What the whole run may take, and after the end beside it what it took. */
import { h, put } from "../dom.ts";
import { clock, compact, count, money, plural, roughly } from "../format.ts";
import type { Estimated, Resumed, Spent } from "../protocol.ts";
import type { RunState } from "./state.ts";

const HEADS = ["", "runs of the program", "calls", "tokens", "cost", "time"];

export function costsView() {
  const resumed = h("p", { className: "quiet" });
  const estimate = h("p", { className: "quiet", "data-testid": "estimate" });
  const table = h("table", { "data-testid": "spent" });
  const element = h("section", { className: "costs", "aria-label": "Estimate and costs" });
  element.append(resumed, estimate, table);
  let drawn: RunState | null = null;

  function draw(state: RunState): void {
    if (state === drawn) return;
    drawn = state;
    const { spent } = state;
    element.hidden = !state.estimate && !state.resumed && !spent;
    put(resumed, state.resumed ? resumedWords(state.resumed) : "");
    put(estimate, state.estimate ? (spent ? parts(state.estimate) : estimateWords(state.estimate)) : "");
    table.hidden = spent === null;
    if (spent) table.replaceChildren(...rows(state.estimate, spent));
  }

  return { element, draw };
}

function resumedWords({ rows, calls, dollars }: Resumed): string {
  const paid = dollars > 0 ? ` for ${money(dollars)}` : "";
  return `Resumed: ${plural(rows, "scored example")} from before, with ${plural(calls, "call")}${paid}.`;
}

/** `About 480 runs of the program (baseline 24, searching 456), at most 480 calls, 210k tokens, $0.31, 4 min.` */
export function estimateWords(estimate: Estimated): string {
  const runs = total(estimate);
  const asked = questions(estimate, " and");
  const about =
    runs > 0 && `about ${plural(runs, "run")} of the program${inBrackets(names(estimate))}${asked}`;
  const limits = [plural(estimate.calls, "call"), tokens(estimate), cost(estimate), time(estimate)];
  const words = [about, `at most ${limits.filter(Boolean).join(", ")}`].filter(Boolean).join(", ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function parts(estimate: Estimated): string {
  const named = names(estimate);
  const asked = questions(estimate, ";");
  return named.length > 1 || asked ? `Expected runs of the program: ${named.join(", ")}${asked}.` : "";
}

function rows(estimate: Estimated | null, spent: Spent): HTMLElement[] {
  const known = spent.known > 0 && `${count(spent.known)} known from before`;
  const cached = spent.cached > 0 && `+${count(spent.cached)} from cache`;
  const paid = spent.dollars > 0 || spent.unpriced > 0 ? money(spent.dollars, spent.unpriced) : "";
  const taken = [
    count(spent.program_calls),
    count(spent.calls),
    compact(spent.tokens),
    paid,
    clock(spent.seconds),
  ];
  const expected = estimate && [
    total(estimate) > 0 ? count(total(estimate)) : "",
    count(estimate.calls),
    estimate.tokens === null ? "" : compact(estimate.tokens),
    cost(estimate),
    time(estimate),
  ];
  const shown = HEADS.map((_, index) => index === 0 || Boolean(taken[index - 1] || expected?.[index - 1]));
  const row = (name: string, cells: string[], className = "", details: (string | false)[] = []) =>
    h(
      "tr",
      { className },
      h("th", { scope: "row" }, name),
      ...cells
        .map((value, index) => cell(value, details[index], className && HEADS[index + 1]))
        .filter((_, index) => shown[index + 1]),
    );
  const heads = HEADS.filter((_, index) => shown[index]).map((name) => h("th", { scope: "col" }, name));
  return [
    h("thead", {}, h("tr", {}, ...heads)),
    h(
      "tbody",
      {},
      ...(expected ? [row("estimated", expected)] : []),
      row("spent", taken, "taken", [known, cached]),
    ),
  ];
}

function cell(value: string, detail: string | false | undefined, testid = ""): HTMLElement {
  const more = detail && h("span", { className: "quiet" }, ` ${detail}`);
  return h(
    "td",
    testid ? { "data-testid": testid } : {},
    h("span", { className: "value" }, value || "\u2013"),
    more,
  );
}

function total({ program_calls }: Estimated): number {
  return Object.values(program_calls).reduce((sum, each) => sum + each, 0);
}

function names({ program_calls }: Estimated): string[] {
  return Object.entries(program_calls)
    .filter(([, runs]) => runs > 0)
    .map(([name, runs]) => `${name} ${count(runs)}`);
}

/** What is asked of the proposer: calls of a model, and no runs of the program. */
function questions({ questions }: Estimated, before: string): string {
  return questions > 0 ? `${before} ${plural(questions, "question")} to the proposer` : "";
}

function inBrackets(named: string[]): string {
  return named.length > 1 ? ` (${named.join(", ")})` : "";
}

function tokens(estimate: Estimated): string {
  return estimate.tokens === null ? "" : `${compact(estimate.tokens)} tokens`;
}

/** A price is not known only once the tokens are. */
function cost({ dollars, tokens }: Estimated): string {
  if (dollars === null) return tokens === null ? "" : money(null);
  return dollars > 0 ? money(dollars) : "";
}

function time({ seconds }: Estimated): string {
  return seconds === null ? "" : roughly(seconds);
}
