/** The tree of calls as rows that a keyboard can walk. Only a window of them is in the page. */
import { h } from "../dom.ts";
import { compact, count, money, plural, score, seconds } from "../format.ts";
import type { Entry } from "./tree.ts";

const WINDOW = 200; // rows, and as many more at each "show more"

export interface CallList {
  element: HTMLElement;
  draw(rows: Entry[], open: ReadonlySet<string>, selected: Entry | null): void;
}

export interface Actions {
  select(node: Entry): void;
  /** Open or close a node that has children. */
  toggle(node: Entry, open: boolean): void;
}

export function callList(name: string, columns: { dollars: boolean }, actions: Actions): CallList {
  let rows: Entry[] = [];
  let open: ReadonlySet<string> = new Set();
  let selected: Entry | null = null;
  let limit = WINDOW;
  /** The row that Tab reaches, and that the arrow keys leave from. */
  let active = "";
  const element = h("div", { className: "tree", role: "tree", "aria-label": name });
  const more = h("button", { type: "button", className: "more", onclick: () => widen(limit + WINDOW) });
  const nothing = h("p", { className: "quiet note", hidden: true }, "Nothing found.");
  const names = ["time", "tokens", ...(columns.dollars ? ["cost"] : [])];
  const head = h(
    "div",
    { className: "row head", "aria-hidden": "true" },
    h("span", { className: "label" }, "call"),
    ...names.map((each) => h("span", { className: `sum ${each}` }, each)),
  );
  const frame = h("div", { className: "list" }, head, element, nothing, more);
  element.onkeydown = (event) => {
    if (walk(event.key)) event.preventDefault();
  };

  function draw(nextRows: Entry[], nextOpen: ReadonlySet<string>, nextSelected: Entry | null): void {
    if (nextSelected !== selected) active = nextSelected?.key ?? active;
    [rows, open, selected] = [nextRows, nextOpen, nextSelected];
    paint();
  }

  function paint(): void {
    const focused = element.contains((element.getRootNode() as ShadowRoot | Document).activeElement);
    const drawn = rows.slice(0, limit);
    if (!drawn.some((node) => node.key === active)) active = drawn[0]?.key ?? "";
    element.replaceChildren(...drawn.map(row));
    nothing.hidden = rows.length > 0;
    more.hidden = rows.length <= limit;
    more.textContent = `show more (${count(rows.length - limit)})`;
    if (focused) focus(active);
  }

  function row(node: Entry): HTMLElement {
    const unfolded = isOpen(node);
    const element = h(
      "div",
      {
        className: node.call ? "row call" : node.depth === 0 ? "row top" : "row",
        role: "treeitem",
        tabIndex: node.key === active ? 0 : -1,
        "data-key": node.key,
        "aria-level": node.depth + 1,
        "aria-selected": node === selected,
        ...(node.call ? { "data-testid": "call" } : { "aria-expanded": unfolded }),
        onclick: () => {
          active = node.key;
          press(node);
          focus(node.key);
        },
      },
      h("span", { className: "twist" }, node.call ? "" : unfolded ? "\u25be" : "\u25b8"),
      h("span", { className: "label", title: node.label }, node.label),
      ...badges(node, unfolded),
      h("span", { className: "sum" }, node.sums.seconds > 0 ? seconds(node.sums.seconds) : ""),
      h("span", { className: "sum" }, compact(node.sums.tokens)),
      columns.dollars && cost(node),
    );
    element.style.setProperty("--depth", String(node.depth));
    return element;
  }

  /** True when the key was for the tree. */
  function walk(key: string): boolean {
    const at = rows.findIndex((node) => node.key === active);
    const node = rows[at];
    if (!node) return false;
    switch (key) {
      case "ArrowDown":
        return go(at + 1);
      case "ArrowUp":
        return go(at - 1);
      case "Home":
        return go(0);
      case "End":
        return go(Math.min(rows.length, limit) - 1);
      case "ArrowRight":
        if (node.call) return true;
        if (isOpen(node)) return go(at + 1);
        actions.toggle(node, true);
        return true;
      case "ArrowLeft":
        if (!node.call && isOpen(node)) actions.toggle(node, false);
        else go(rows.findIndex(({ key }) => key === node.parent?.key));
        return true;
      case "Enter":
      case " ":
        press(node);
        return true;
      default:
        return false;
    }
  }

  function go(at: number): true {
    const node = rows[at];
    if (!node) return true;
    if (at >= limit) widen(limit + WINDOW);
    for (const each of element.querySelectorAll<HTMLElement>('[tabindex="0"]')) each.tabIndex = -1;
    active = node.key;
    focus(active);
    return true;
  }

  function press(node: Entry): void {
    if (!node.call) actions.toggle(node, !isOpen(node));
    if (node.call || node.depth === 0) actions.select(node);
  }

  function isOpen(node: Entry): boolean {
    return open.has(node.key);
  }

  function widen(next: number): void {
    limit = next;
    paint();
  }

  function focus(key: string): void {
    const found = [...element.children].find(
      (each) => (each as HTMLElement).dataset.key === key,
    ) as HTMLElement;
    if (!found) return;
    found.tabIndex = 0;
    found.focus();
  }

  return { element: frame, draw };
}

function badges({ sums, call, group, depth }: Entry, unfolded: boolean): HTMLElement[] {
  const chip = (text: string, tone: string) => h("span", { className: `chip ${tone}` }, text);
  const isGroup = depth === 0 && call === null;
  return [
    call === null && !unfolded && h("span", { className: "quiet" }, plural(sums.calls, "call")),
    call && call.attempts.length > 0 && chip(`try ${call.attempts.length + 1}`, "plain"),
    call?.cached && chip("cache", "plain"),
    sums.errors > 0 && chip(sums.errors === 1 ? "error" : `${count(sums.errors)} errors`, "bad"),
    isGroup && group.score !== null && chip(score(group.score), ""),
  ].filter((each) => each instanceof HTMLElement);
}

/** In a narrow column: what is known, and a mark for what is not; the title says it in words. */
function cost({ sums, call }: Entry): HTMLElement {
  const { dollars, unpriced } = sums;
  const known = dollars > 0 ? money(dollars) : "";
  const short = unpriced === 0 ? known : known ? `${known} + ?` : "unknown";
  const title = short && money(call ? call.dollars : dollars, unpriced);
  return h("span", { className: "sum cost", title }, short);
}
