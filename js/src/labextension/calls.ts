/** Draws the inspector from the output itself, with no kernel. */
import { h } from "../dom.ts";
import { inspector } from "../inspect/view.ts";
import type { LuminoWidget, MimeModel, WidgetClass } from "../jupyter.ts";
import { CALLS_MIME } from "../protocol.ts";
import { isCallsSnapshot, refusal } from "../valid.ts";

export function callsRenderer(Widget: WidgetClass) {
  return class CallsRenderer extends Widget implements LuminoWidget {
    private drawn: unknown = null;

    async renderModel(model: MimeModel): Promise<void> {
      const snapshot = model.data[CALLS_MIME];
      if (snapshot === this.drawn) return; // drawn anew, it would lose what is selected
      this.drawn = snapshot;
      const host = h("div");
      if (isCallsSnapshot(snapshot)) inspector(host, snapshot);
      else host.append(h("p", {}, refusal(snapshot)));
      this.node.replaceChildren(host);
    }
  };
}
