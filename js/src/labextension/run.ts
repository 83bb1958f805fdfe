/** Draws a run from the output itself, with no kernel; follows it while it is going; leaves its end in the notebook. */
import { h } from "../dom.ts";
import type { LuminoWidget, MimeModel, SessionContext, WidgetClass } from "../jupyter.ts";
import { RUN_MIME, type RunSnapshot } from "../protocol.ts";
import { type Screen, screen } from "../run/screen.ts";
import { refusal, savedRun } from "../valid.ts";
import { writeFinal } from "./document.ts";
import { type Following, follow, type Update } from "./follow.ts";

const WIDGET_MIME = "application/vnd.jupyter.widget-view+json";

/** What is on the page for one run. */
interface Shown {
  snapshot: RunSnapshot;
  comm: string | null;
  screen: Screen;
  following: Following | null;
}

export function runRenderer(Widget: WidgetClass, sessionOf: (node: Node) => SessionContext | null) {
  return class RunRenderer extends Widget implements LuminoWidget {
    private model: MimeModel | null = null;
    private shown: Shown | null = null;

    /** JupyterLab calls this at first and after every change of the output, so also after our own. */
    async renderModel(model: MimeModel): Promise<void> {
      this.model = model;
      const snapshot = model.data[RUN_MIME];
      try {
        const saved = savedRun(snapshot);
        if (saved) this.render(saved, commOf(model));
        else this.refuse(refusal(snapshot, 2));
      } catch (error) {
        this.refuse(`This run cannot be drawn: ${error}`); // an output that throws would stop the ones below
      }
    }

    private render(snapshot: RunSnapshot, comm: string | null): void {
      if (this.shown?.snapshot.run !== snapshot.run || this.shown.comm !== comm) this.open(snapshot, comm);
      else if (newest(snapshot) >= newest(this.shown.snapshot)) this.receive(snapshot);
      this.follow();
    }

    onAfterAttach(): void {
      this.follow();
      this.shown?.screen.draw();
    }

    override dispose(): void {
      if (this.isDisposed) return;
      this.close();
      super.dispose();
    }

    private open(snapshot: RunSnapshot, comm: string | null): void {
      this.close();
      const host = h("div");
      this.node.replaceChildren(host);
      const deliver = async (kind: Parameters<Following["deliver"]>[0]) =>
        this.shown?.following?.deliver(kind) ?? "unconfirmed";
      this.shown = { snapshot, comm, screen: screen(host, deliver), following: null };
      this.receive(snapshot);
    }

    /** Only a run that had not ended needs a kernel, and only a notebook has one. */
    private follow(): void {
      const shown = this.shown;
      if (!shown || shown.following || shown.screen.over || shown.comm === null || !this.node.isConnected)
        return;
      const session = sessionOf(this.node);
      if (session === null) return;
      shown.following = follow(shown.snapshot.run, shown.comm, session, {
        update: (update) => this.receive(update),
        connect: (link) => shown.screen.connect(link),
      });
    }

    private receive({ events, progress, changed, still }: Update): void {
      const shown = this.shown;
      if (!shown) return;
      shown.snapshot = {
        ...shown.snapshot,
        ...(events && { events }),
        ...(progress && { progress }),
        ...(changed && { changed }),
      };
      shown.screen.update(shown.snapshot);
      const ended = still !== undefined && Object.keys(still).length > 0 && shown.screen.over;
      if (ended && this.model) writeFinal(this.model, shown.snapshot, still);
    }

    private refuse(words: string): void {
      this.close();
      this.node.replaceChildren(h("p", {}, words));
    }

    private close(): void {
      this.shown?.following?.dispose();
      this.shown?.screen.dispose();
      this.shown = null;
    }
  };
}

/** What is in the notebook can be older than what came from the kernel since. */
function newest({ events }: RunSnapshot): number {
  return events.reduce((most, { seq }) => Math.max(most, seq), -1);
}

function commOf(model: MimeModel): string | null {
  const view = model.data[WIDGET_MIME] as { model_id?: unknown } | undefined;
  return typeof view?.model_id === "string" ? view.model_id : null;
}
