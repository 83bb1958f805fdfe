/** The anywidget module of the inspector: a snapshot in, nothing out. */
import type { RenderProps } from "@anywidget/types";
import { h } from "../dom.ts";
import type { CallsSnapshot } from "../protocol.ts";
import { isCallsSnapshot, refusal } from "../valid.ts";
import { inspector } from "./view.ts";

export default {
  render({ model, el }: Pick<RenderProps<{ calls: CallsSnapshot }>, "model" | "el">) {
    const draw = () => {
      const calls = model.get("calls");
      if (isCallsSnapshot(calls)) inspector(el, calls);
      else el.replaceChildren(h("p", {}, refusal(calls)));
    };
    model.on("change:calls", draw);
    draw();
    return () => model.off("change:calls", draw);
  },
};
