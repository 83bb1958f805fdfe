/** Draws the inspector from the output itself, with no kernel. The inspector is loaded when one is shown. */
import { h } from "../dom.ts";
import type inspect from "../inspect/index.ts";
import type { LuminoWidget, MimeModel, WidgetClass } from "../jupyter.ts";
import { CALLS_MIME } from "../protocol.ts";

/** The same module that other hosts run as a widget. */
export type Inspect = typeof inspect;

export function callsRenderer(Widget: WidgetClass, load: () => Promise<Inspect>) {
  return class CallsRenderer extends Widget implements LuminoWidget {
    private drawn: unknown = null;

    async renderModel(model: MimeModel): Promise<void> {
      const calls = model.data[CALLS_MIME];
      if (calls === this.drawn) return; // drawn anew, it would lose what is selected
      this.drawn = calls;
      const el = h("div");
      this.node.replaceChildren(el);
      try {
        const { render } = await load();
        render({ model: still({ calls }), el });
      } catch (error) {
        el.replaceChildren(h("p", {}, `The inspector could not be loaded: ${error}`));
      }
    }
  };
}

/** A model that never changes. */
function still(traits: Record<string, unknown>) {
  return { get: (name: string) => traits[name], on() {}, off() {} } as never;
}
