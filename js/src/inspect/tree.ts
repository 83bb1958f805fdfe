/** Calls as a tree: groups, inside them the calls in order, nested by their dotted path. */
import type { CallView, GroupView } from "../protocol.ts";

const DEEPEST = 8; // levels; a path with more keeps its rest as one name

export interface Entry {
  /** Unique in the tree, and the same whenever it is built from the same calls. */
  key: string;
  parent: Entry | null;
  depth: number;
  label: string;
  group: GroupView;
  /** Null for groups and branches. */
  call: CallView | null;
  children: Entry[];
  /** Over the calls below, or of the call itself. */
  sums: Sums;
}

export interface Sums {
  calls: number;
  seconds: number;
  tokens: number;
  /** Of the calls whose price is known. */
  dollars: number;
  /** Calls whose price is not known. */
  unpriced: number;
  cached: number;
  errors: number;
}

/** One tree for each group; when there is only one, its calls stand at the top. */
export function tree(groups: GroupView[]): Entry[] {
  const lone = groups.length === 1;
  const roots = groups.map((group, index) => grow(group, index, lone ? -1 : 0));
  return lone ? roots.flatMap((root) => root.children) : roots;
}

/** The rows on screen: the children of open nodes; with a search, what leads to the calls it found. */
export function rows(
  nodes: Entry[],
  open: ReadonlySet<string>,
  found: ReadonlySet<CallView> | null,
): Entry[] {
  return nodes.flatMap((node) => {
    if (found && !leadsTo(node, found)) return [];
    const unfolded = found !== null || open.has(node.key);
    return unfolded ? [node, ...rows(node.children, open, found)] : [node];
  });
}

export function calls(nodes: Entry[]): Entry[] {
  return nodes.flatMap((node) => (node.call ? [node] : calls(node.children)));
}

function grow(group: GroupView, index: number, depth: number): Entry {
  const root = blank(String(index), null, depth, group.title || `Group ${index + 1}`, group);
  let branch = root;
  let trail: string[] = [];
  for (const call of group.calls) {
    const names = steps(call.path);
    const folders = names.slice(0, -1);
    const shared = common(trail, folders);
    for (let up = trail.length; up > shared; up--) branch = branch.parent ?? root;
    for (const name of folders.slice(shared)) branch = attach(branch, name, null);
    attach(branch, names.at(-1) ?? call.path, call);
    trail = folders;
  }
  if (group.error) root.sums.errors = Math.max(1, root.sums.errors);
  return root;
}

function steps(path: string): string[] {
  const names = path.split(".");
  return names.length <= DEEPEST
    ? names
    : [...names.slice(0, DEEPEST - 1), names.slice(DEEPEST - 1).join(".")];
}

function common(a: string[], b: string[]): number {
  const differs = a.findIndex((name, place) => name !== b[place]);
  return differs < 0 ? a.length : differs;
}

function attach(parent: Entry, label: string, call: CallView | null): Entry {
  const node = blank(
    `${parent.key}/${parent.children.length}`,
    parent,
    parent.depth + 1,
    label,
    parent.group,
  );
  node.call = call;
  parent.children.push(node);
  if (call) for (let up: Entry | null = node; up; up = up.parent) add(up.sums, call);
  return node;
}

function blank(key: string, parent: Entry | null, depth: number, label: string, group: GroupView): Entry {
  const sums = { calls: 0, seconds: 0, tokens: 0, dollars: 0, unpriced: 0, cached: 0, errors: 0 };
  return { key, parent, depth, label, group, call: null, children: [], sums };
}

function add(sums: Sums, call: CallView): void {
  sums.calls += 1;
  sums.seconds += call.seconds;
  sums.tokens += call.tokens_in + call.tokens_out;
  sums.dollars += call.dollars ?? 0;
  sums.unpriced += call.dollars === null ? 1 : 0;
  sums.cached += call.cached ? 1 : 0;
  sums.errors += call.error ? 1 : 0;
}

function leadsTo(node: Entry, found: ReadonlySet<CallView>): boolean {
  return node.call ? found.has(node.call) : node.children.some((child) => leadsTo(child, found));
}
