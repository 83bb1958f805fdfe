/** The inspector: the tree of calls, and the one that was selected. Knows no kernel and no Jupyter. */
import { h, put, shadow } from "../dom.ts";
import { count, plural } from "../format.ts";
import { allKeys } from "../keys.ts";
import type { CallsSnapshot, CallView } from "../protocol.ts";
import theme from "../theme.css";
import { callView, groupView } from "./call.ts";
import { callList } from "./list.ts";
import { searcher } from "./search.ts";
import css from "./style.css";
import { calls, type Entry, rows, tree } from "./tree.ts";

const FEW = 200; // calls; with more, only the first group starts open

export function inspector(host: HTMLElement, snapshot: CallsSnapshot): void {
  const nodes = tree(snapshot.groups);
  const all = calls(nodes);
  const search = searcher(snapshot);
  let open: ReadonlySet<string> = new Set(firstOpen(nodes, all.length));
  let found: ReadonlySet<CallView> | null = null;
  let query = "";
  let selected: Entry | null = all[0] ?? nodes[0] ?? null;

  const list = callList(
    snapshot.title || "Calls",
    { dollars: all.some(({ sums }) => sums.dollars > 0 || sums.unpriced > 0) },
    {
      select(node) {
        selected = node;
        drawList();
        drawDetail();
      },
      toggle(node, unfold) {
        const changed = new Set(open);
        if (unfold) changed.add(node.key);
        else changed.delete(node.key);
        open = changed;
        drawList();
      },
    },
  );
  const box = h("input", {
    type: "search",
    placeholder: "search inputs, outputs, prompts",
    "aria-label": "Search the calls",
    "data-testid": "search",
    oninput: () => find(box.value),
  });
  const hits = h("span", { className: "quiet", role: "status" });
  const detail = h("div", {
    className: "detail",
    tabIndex: 0,
    role: "region",
    "aria-label": "Selected call",
  });

  function find(text: string): void {
    query = text;
    found = search(text);
    put(
      hits,
      found === null ? plural(all.length, "call") : `${count(found.size)} of ${plural(all.length, "call")}`,
    );
    const first = found && all.find(({ call }) => call && found?.has(call));
    if (first && !(selected?.call && found?.has(selected.call))) selected = first;
    drawList();
    drawDetail();
  }

  function drawList(): void {
    const shown = rows(nodes, open, found);
    const unfolded = found === null ? open : new Set(shown.map((node) => node.key));
    list.draw(shown, unfolded, selected);
  }

  function drawDetail(): void {
    detail.scrollTop = 0;
    const group = selected && groupView(selected.group);
    const call = selected?.call && callView(selected.call, snapshot.texts, query);
    detail.replaceChildren(
      ...[group, call].filter((part) => part instanceof HTMLElement),
      ...(selected ? [] : [h("p", { className: "quiet" }, "There are no calls.")]),
    );
  }

  const { omitted } = snapshot;
  shadow(host, theme, css).append(
    h(
      "section",
      { className: "inspector", "data-testid": "inspector" },
      h("header", { className: "top" }, h("h3", {}, snapshot.title || "Calls"), box, hits),
      h(
        "div",
        { className: all.length > 1 ? "panes" : "panes single" },
        h(
          "nav",
          {},
          list.element,
          omitted > 0 && h("p", { className: "quiet note" }, `${plural(omitted, "more group")} not saved`),
        ),
        detail,
      ),
    ),
  );
  allKeys(host);
  find("");
}

function firstOpen(nodes: Entry[], total: number): string[] {
  const few = total <= FEW;
  const opened = few || nodes[0]?.parent ? nodes : nodes.slice(0, 1);
  return opened.flatMap(branches);
}

function branches(node: Entry): string[] {
  return node.call ? [] : [node.key, ...node.children.flatMap(branches)];
}
