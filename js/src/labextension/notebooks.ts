/** Which notebook an output stands in: the plugin leaves the tracker here, the renderers ask. */
import type { NotebookTracker, SessionContext } from "../jupyter.ts";

let tracker: NotebookTracker | null = null;

export function remember(notebooks: NotebookTracker): void {
  tracker = notebooks;
}

export function sessionOf(node: Node): SessionContext | null {
  return tracker?.find((panel) => panel.node.contains(node))?.sessionContext ?? null;
}
