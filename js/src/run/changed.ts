/** Which held-out examples the best program broke and which it fixed: counts that open the rows. */
import { h, put } from "../dom.ts";
import { count, score } from "../format.ts";
import type { ChangedView, MadeView } from "../protocol.ts";
import type { Comparison } from "./state.ts";

const KINDS = ["broke", "fixed"] as const; // what got worse is read first
const HEADS = ["row", "inputs", "expected", "before", "after"];

type Kind = (typeof KINDS)[number];

/** `counts` goes where the facts are, `tables` below them. */
export function changedView() {
  const views = { fixed: kindView("fixed"), broke: kindView("broke") };
  const counts = h("li", {}, views.fixed.count, ", ", views.broke.count);
  const tables = h("div", { className: "changed" }, ...KINDS.map((kind) => views[kind].element));

  function draw(comparison: Comparison, rows: ChangedView[]): void {
    for (const kind of KINDS) {
      const own = rows.filter((row) => kindOf(row) === kind);
      views[kind].draw(own, comparison[kind] ?? own.length);
    }
  }

  return { counts, tables, draw };
}

function kindOf({ before, after }: ChangedView): Kind {
  return after.score < before.score ? "broke" : "fixed";
}

/** A count; with rows to show it is a button that opens and closes their table. */
function kindView(kind: Kind) {
  let opened = false;
  const words = h("span");
  const id = `rows-${kind}`;
  const button = h("button", {
    type: "button",
    className: "opener",
    "aria-controls": id,
    "data-testid": kind,
    onclick: () => show(!opened),
  });
  const place = h("span", {}, words, button);
  const heading = h("h4");
  const body = h("tbody");
  const more = h("p", { className: "quiet" });
  const box = h(
    "div",
    { className: "box", tabIndex: 0, role: "region" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...HEADS.map((name) => h("th", { scope: "col", className: "head" }, name)))),
      body,
    ),
  );
  const element = h("section", { id, className: kind, "data-testid": id });

  function show(next: boolean): void {
    opened = next;
    element.hidden = !opened;
    button.setAttribute("aria-expanded", String(opened));
  }

  function draw(rows: ChangedView[], number: number): void {
    const said = `${kind} ${count(number)}`;
    const any = rows.length > 0;
    put(words, any ? "" : said);
    put(button, any ? said : "");
    button.hidden = !any;
    element.replaceChildren(...(any ? [heading, box, more] : []));
    put(heading, kind === "broke" ? "Broke: a lower score than before" : "Fixed: a higher score than before");
    box.setAttribute("aria-label", said);
    body.replaceChildren(...rows.map(line));
    const left = number - rows.length;
    more.replaceChildren(
      ...(any && left > 0 ? [`and ${count(left)} more: `, h("code", {}, "run.comparison.rows(i)")] : []),
    );
    if (!any) show(false);
  }

  show(false);
  return { count: place, element, draw };
}

function line(row: ChangedView): HTMLElement {
  return h(
    "tr",
    {},
    h("th", { scope: "row", className: "index quiet" }, String(row.index)),
    h("td", { className: "inputs" }, ...values(row.inputs)),
    h("td", {}, ...values(row.expected)),
    h("td", {}, ...made(row.before)),
    h("td", { className: "after" }, ...made(row.after)),
  );
}

function made({ outputs, score: value, feedback, error }: MadeView): HTMLElement[] {
  return [
    ...values(outputs),
    ...(error ? [h("p", { className: "error" }, error)] : []),
    h("p", { className: "quiet" }, "score ", h("span", { className: "value" }, score(value))),
    ...(feedback ? [h("p", { className: "quiet" }, feedback)] : []),
  ];
}

/** A value by itself needs no name. */
function values(given: Record<string, string>): HTMLElement[] {
  const pairs = Object.entries(given);
  if (pairs.length === 1) return pairs.map(([, text]) => h("p", {}, text));
  return pairs.map(([name, text]) => h("p", {}, h("code", { className: "quiet" }, name), ` ${text}`));
}
