/** The prebuilt JupyterLab extension: a module-federation container written by hand, without a bundler's runtime. */
import type { NotebookTracker, WidgetClass } from "../jupyter.ts";
import { CALLS_MIME, RUN_MIME } from "../protocol.ts";
import { callsRenderer, type Inspect } from "./calls.ts";
import { remember, sessionOf } from "./notebooks.ts";
import { runRenderer } from "./run.ts";

interface SharedVersion {
  get(): Promise<() => unknown>;
  loaded?: unknown;
}

type SharedScope = Record<string, Record<string, SharedVersion>>;

const RANK = -10; // before the widget view, which shows "model not found" without its kernel

declare const INSPECTOR: string;

const script = (document.currentScript as HTMLScriptElement | null)?.src;

let scope: SharedScope = {};

const modules: Record<string, () => Promise<unknown>> = {
  "./mimeExtension": async () => {
    const { Widget } = await shared<{ Widget: WidgetClass }>("@lumino/widgets");
    const Run = runRenderer(Widget, sessionOf);
    const Calls = callsRenderer(Widget, inspector);
    return [
      renderer("dspnb:run", RUN_MIME, () => new Run()),
      renderer("dspnb:calls", CALLS_MIME, () => new Calls()),
    ];
  },
  "./extension": async () => {
    const { INotebookTracker } = await shared<{ INotebookTracker: unknown }>("@jupyterlab/notebook");
    return [
      {
        id: "dspnb:notebooks",
        description: "Lets the run dashboard find its notebook's kernel.",
        autoStart: true,
        requires: [INotebookTracker],
        activate: (_: unknown, tracker: NotebookTracker) => remember(tracker),
      },
    ];
  },
};

/** `safe`: all texts are set as text, so an untrusted notebook may be drawn. */
function renderer(id: string, mime: string, createRenderer: () => object) {
  const rendererFactory = { safe: true, mimeTypes: [mime], createRenderer };
  return { id, rank: RANK, dataType: "json", rendererFactory };
}

/** The widget's module stands beside this script; its file's name is filled in by the build. */
async function inspector(): Promise<Inspect> {
  const module: { default: Inspect } = await import(new URL(INSPECTOR, script).href);
  return module.default;
}

/** JupyterLab's own copy of a package. */
async function shared<T>(name: string): Promise<T> {
  const versions = Object.values(scope[name] ?? {});
  const version = versions.find(({ loaded }) => loaded) ?? versions[0];
  if (!version) throw new Error(`JupyterLab shares no \`${name}\`.`);
  return (await version.get())() as T;
}

const container = {
  init: (given: SharedScope) => {
    scope = given;
  },
  get: async (name: string) => {
    const load = modules[name];
    if (!load) throw new Error(`dspnb has no module \`${name}\`.`);
    const extension = await load();
    return () => ({ __esModule: true, default: extension });
  },
};

const page = window as unknown as { _JUPYTERLAB?: Record<string, unknown> };
page._JUPYTERLAB = { ...page._JUPYTERLAB, dspnb: container };
