/** The anywidget module of the run dashboard: traits in, commands out. */
import type { RenderProps } from "@anywidget/types";
import type { Kernel } from "../jupyter.ts";
import { courier, isRunId } from "../kernel.ts";
import type { ChangedView, Command, Event, Progress } from "../protocol.ts";
import { isChanged, isEvents, isProgress } from "../valid.ts";
import { screen } from "./screen.ts";

interface Traits {
  run_id: string;
  title: string;
  events: Event[];
  progress: Progress;
  changed: ChangedView[];
}

const NAMES = ["title", "events", "progress", "changed"] as const;

export default {
  render({ model, el }: Pick<RenderProps<Traits>, "model" | "el">) {
    // Only JupyterLab's widget manager has a kernel connection.
    const kernel = () => (model.widget_manager as { kernel?: Kernel } | undefined)?.kernel ?? null;
    const post = courier(model.get("run_id"), kernel, (command: Command) => model.send(command));
    const run = screen(el, post.deliver);
    const update = () => {
      const [events, progress] = [model.get("events"), model.get("progress")];
      const changed = model.get("changed");
      run.update({
        title: model.get("title"),
        ...(isEvents(events) && { events }),
        ...(isProgress(progress) && { progress }),
        ...(isChanged(changed) && { changed }),
      });
    };
    run.connect(isRunId(model.get("run_id")) ? "live" : "none");
    update();
    for (const name of NAMES) model.on(`change:${name}`, update);
    return () => {
      for (const name of NAMES) model.off(`change:${name}`, update);
      run.dispose();
      post.dispose();
    };
  },
};
