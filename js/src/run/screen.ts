/** A run on the page: what it knows, what it draws, where its clicks go. The widget and the renderer share it. */
import type { Answer } from "../kernel.ts";
import type { ChangedView, Command, Event, Progress } from "../protocol.ts";
import { gapWatch } from "./gap.ts";
import { empty, fold, nothingYet, over } from "./state.ts";
import { type Link, runView } from "./view.ts";

export interface Update {
  title?: string;
  /** All events so far; those that were seen already do no harm. */
  events?: Event[];
  progress?: Progress;
  changed?: ChangedView[];
}

export interface Screen {
  update(update: Update): void;
  /** Whether there is a kernel to talk to. */
  connect(link: Link): void;
  /** Draw again, after the page was laid out. */
  draw(): void;
  readonly over: boolean;
  dispose(): void;
}

export function screen(host: HTMLElement, deliver: (kind: Command["kind"]) => Promise<Answer>): Screen {
  const view = runView(host, (kind) => void act(kind));
  const gap = gapWatch(() => void act("resync"));
  let state = empty;
  let progress = nothingYet;
  let changed: ChangedView[] = [];
  let title = "";
  let link: Link = "none";
  let note = "";
  let have = 0;

  async function act(kind: Command["kind"]): Promise<void> {
    note = "";
    const answer = await deliver(kind);
    if (answer === "unknown") link = "none";
    if (answer === "unconfirmed" && kind !== "resync") note = "Asked; the kernel answers when it is free.";
    draw();
  }

  function draw(): void {
    view.draw({ state, progress, changed, title, link, note });
  }

  return {
    update(update) {
      if (update.events) {
        const before = state.status;
        state = fold(state, update.events);
        have = update.events.length;
        if (state.status !== before) note = "";
      }
      progress = update.progress ?? progress;
      changed = update.changed ?? changed;
      title = update.title ?? title;
      draw();
      if (link === "live") gap.check(have, progress.events);
    },
    connect(next) {
      link = next;
      note = "";
      draw();
    },
    draw,
    get over() {
      return over(state);
    },
    dispose() {
      gap.dispose();
      view.dispose();
    },
  };
}
