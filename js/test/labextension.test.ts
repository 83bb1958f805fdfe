// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest";
import inspect from "../src/inspect/index.ts";
import type { MimeModel } from "../src/jupyter.ts";
import { callsRenderer } from "../src/labextension/calls.ts";
import { runRenderer } from "../src/labextension/run.ts";
import { CALLS_MIME, RUN_MIME } from "../src/protocol.ts";
import { book, call, callsSnapshot, group } from "./calls.ts";
import {
  allByTestId,
  byTestId,
  changedRow,
  type FakeSession,
  fakeKernel,
  fakeSession,
  paged,
  progress,
  runSnapshot,
  settled,
} from "./fakes.ts";

const running = paged().slice(0, 10);
const ended = paged();
const still = { "text/html": "<b>done</b>", "text/plain": "done" };

/** Lumino's widget, as far as a renderer uses it. */
class Widget {
  node = document.createElement("div");
  isDisposed = false;
  dispose() {
    this.isDisposed = true;
  }
}

/** An output of a notebook: writing to it renders it again, as JupyterLab does. */
function output(snapshot: unknown, session: FakeSession | null) {
  const writes: Record<string, unknown>[] = [];
  const Renderer = runRenderer(Widget, () => session);
  const renderer = new Renderer();
  const model: MimeModel = {
    data: {
      [RUN_MIME]: snapshot,
      "application/vnd.jupyter.widget-view+json": { model_id: "comm-1" },
      "text/html": "<b>running</b>",
    },
    setData({ data }) {
      writes.push(data);
      model.data = data;
      void renderer.renderModel(model);
    },
  };
  const attach = async () => {
    document.body.append(renderer.node);
    renderer.onAfterAttach();
    await settled();
  };
  return { renderer, model, writes, attach, node: renderer.node };
}

async function open(snapshot: unknown, session: FakeSession | null) {
  const opened = output(snapshot, session);
  await opened.renderer.renderModel(opened.model);
  await opened.attach();
  return opened;
}

beforeEach(() => document.body.replaceChildren());

it("draws a run that ended, with no kernel and no buttons", async () => {
  const { node } = await open(runSnapshot(ended), null);

  expect(byTestId(node, "status").textContent).toBe("Stopped");
  expect(byTestId(node, "line").textContent).toBe("saved view");
  expect(allByTestId(node, "stop")).toHaveLength(0);
});

it("asks no kernel about a run that ended", async () => {
  const session = fakeSession(fakeKernel({ subshells: true }));

  await open(runSnapshot(ended), session);

  expect(session.listeners()).toBe(0);
});

it("asks the kernel for the state of a run that was going, and goes live when it is known", async () => {
  const kernel = fakeKernel({ subshells: true });

  const { node } = await open(runSnapshot(running), fakeSession(kernel));

  expect(kernel.log.at(-1)).toMatch(/^subshell .*command\("run-1", "resync"\)$/);
  expect(allByTestId(node, "stop")).toHaveLength(1);
});

it("says that the run is gone when the kernel does not know it", async () => {
  const { node } = await open(runSnapshot(running), fakeSession(fakeKernel({ answer: false })));

  expect(byTestId(node, "line").textContent).toBe("the kernel that ran this is gone: last known state");
  expect(allByTestId(node, "stop")).toHaveLength(0);
});

it("says that the run is gone when the notebook has no kernel", async () => {
  const { node } = await open(runSnapshot(running), fakeSession(null));

  expect(byTestId(node, "line").textContent).toBe("the kernel that ran this is gone: last known state");
});

it("asks again when the kernel that was busy is idle", async () => {
  const kernel = fakeKernel({ status: "busy" });
  const session = fakeSession(kernel);
  const { node } = await open(runSnapshot(running), session);
  const first = [...kernel.log];

  kernel.status = "idle";
  session.become("idle");
  await settled();

  expect(first).toEqual([]);
  expect(byTestId(node, "line").textContent).toBe("");
  expect(allByTestId(node, "stop")).toHaveLength(1);
});

it("follows the messages of the run's widget, and only those", async () => {
  const session = fakeSession(fakeKernel({ subshells: true }));
  const { node } = await open(runSnapshot(running), session);

  session.widgetSays({ events: ended }, "another");
  session.widgetSays({ events: ended }, "comm-1", "echo_update");
  session.widgetSays({ events: [{ kind: "evaluated" }] });
  session.widgetSays({ progress: progress({ events: running.length, calls: 77 }) });

  expect(byTestId(node, "calls").textContent).toContain("77");
  expect(byTestId(node, "status").textContent).toBe("Running");
  session.widgetSays({ events: ended });
  expect(byTestId(node, "status").textContent).toBe("Stopped");
});

it("sends clicks to the kernel", async () => {
  const kernel = fakeKernel({ subshells: true });
  const { node } = await open(runSnapshot(running), fakeSession(kernel));

  byTestId(node, "stop").click();
  await settled();

  expect(kernel.log.at(-1)).toMatch(/^subshell .*command\("run-1", "stop"\)$/);
});

it("speaks to the run's widget when a kernel without subshells is busy", async () => {
  const kernel = fakeKernel({ status: "busy" });
  const session = fakeSession(kernel);
  const { node } = await open(runSnapshot(running), session);
  session.widgetSays({ events: running });

  byTestId(node, "pause").click();
  await settled();

  const message = { comm_id: "comm-1", data: { method: "custom", content: { kind: "pause" } } };
  expect(kernel.log).toEqual([`comm_msg ${JSON.stringify(message)}`]);
});

it("writes the end of a run into the notebook, once", async () => {
  const session = fakeSession(fakeKernel({ subshells: true }));
  const { node, model, writes } = await open(runSnapshot(running), session);
  const last = progress({ events: ended.length, calls: 120 });

  session.widgetSays({ still });
  expect(writes).toHaveLength(0);
  session.widgetSays({ events: ended, progress: last, still });
  const drawn = byTestId(node, "run");
  session.widgetSays({ events: ended, progress: last, still });
  session.widgetSays({ still });

  expect(writes).toHaveLength(1);
  expect(model.data[RUN_MIME]).toEqual(runSnapshot(ended, { progress: last }));
  expect(model.data["text/html"]).toBe("<b>done</b>");
  expect(model.data["application/vnd.jupyter.widget-view+json"]).toEqual({ model_id: "comm-1" });
  expect(byTestId(node, "run")).toBe(drawn);
});

it("keeps the newer state when the notebook renders an older one", async () => {
  const session = fakeSession(fakeKernel({ subshells: true }));
  const { node, renderer, model } = await open(runSnapshot(running), session);
  const later = ended.filter(({ kind }) => kind !== "spent" && kind !== "status");
  session.widgetSays({ events: later, progress: progress({ events: later.length, calls: 99 }) });

  await renderer.renderModel(model);

  expect(byTestId(node, "comparison").hidden).toBe(false);
  expect(byTestId(node, "calls").textContent).toContain("99");
});

it.each(["restarting", "autorestarting", "dead"])(
  "says that the run is gone when the kernel is %s",
  async (status) => {
    const session = fakeSession(fakeKernel({ subshells: true }));
    const { node } = await open(runSnapshot(running), session);

    session.become(status);
    session.become("idle");
    await settled();

    expect(byTestId(node, "line").textContent).toContain("is gone");
    expect(allByTestId(node, "stop")).toHaveLength(0);
  },
);

it("asks a new kernel whether it knows the run", async () => {
  const session = fakeSession(null);
  const { node } = await open(runSnapshot(running), session);

  session.change(fakeKernel({ subshells: true }));
  await settled();

  expect(allByTestId(node, "stop")).toHaveLength(1);
  session.change(fakeKernel({ answer: false }));
  await settled();
  expect(byTestId(node, "line").textContent).toContain("is gone");
});

it("leaves nothing behind when it is closed", async () => {
  const kernel = fakeKernel({ subshells: true });
  const session = fakeSession(kernel);
  const { renderer } = await open(runSnapshot(running), session);

  renderer.dispose();
  await settled();

  expect(session.listeners()).toBe(0);
  expect(kernel.log.at(-1)).toBe("delete");
});

it.each([
  ["nothing", undefined],
  ["an event without its fields", runSnapshot([{ seq: 0, time: 0, kind: "proposed" } as never])],
  ["a run id that could be code", runSnapshot(running, { run: '"); exit("' })],
  ["no progress", { ...runSnapshot(running), progress: null }],
])("says in one line that it cannot draw %s", async (_, snapshot) => {
  const { node } = await open(snapshot, fakeSession(fakeKernel()));

  expect(node.textContent).toBe("This output cannot be drawn: it is not a snapshot that dspnb wrote.");
});

it("draws a run that the first version saved, with what it has", async () => {
  const first = { ...runSnapshot(paged("first.jsonl")), version: 1 };

  const { node } = await open(first, null);

  const text = byTestId(node, "run").textContent;
  expect(byTestId(node, "status").textContent).toBe("Stopped");
  expect(byTestId(node, "estimate").textContent).toBe("At most 96 calls.");
  expect(text).toContain("+0.27 [0.10, 0.43] on 30 held-out examples");
  expect(text).toContain("baseline candidate 00.53[0.35, 0.71]");
  expect(text).not.toMatch(/undefined|NaN|P\(better\)|fixed|opened|search said/);
  expect(allByTestId(node, "spent")[0]?.hidden).toBe(true);
  expect(byTestId(node, "candidates").querySelectorAll("tbody tr")).toHaveLength(3);
});

it("opens the examples of a saved run with no kernel", async () => {
  const { node } = await open(runSnapshot(ended, { changed: [changedRow(3, 1, 0)] }), null);

  byTestId(node, "broke").click();

  expect(byTestId(node, "rows-broke").textContent).toContain("ticket 3");
});

it("draws a file that was written before examples were kept in it", async () => {
  const { changed: _, ...older } = runSnapshot(ended);

  const { node } = await open(older, null);

  expect(byTestId(node, "comparison").textContent).toContain("fixed 10, broke 2");
});

it.each([
  ["a score that is a text", { before: "1" }],
  ["inputs that are no list", { inputs: { ticket: "a" } }],
])("draws nothing of a file whose examples have %s", async (_, wrong) => {
  const changed = [{ ...changedRow(3, 1, 0), ...wrong }] as never;

  const { node } = await open(runSnapshot(ended, { changed }), null);

  expect(node.textContent).toContain("not a snapshot that dspnb wrote");
});

it("takes from a file of the first version no fields of later ones, which nobody has checked", async () => {
  const events = paged("first.jsonl").map((event) =>
    event.kind === "compared" ? { ...event, returned: "no", better: [], opened: {} } : event,
  );

  const { node } = await open({ ...runSnapshot(events as never), version: 1 }, null);

  expect(byTestId(node, "comparison").textContent).toContain("Better than the baseline");
  expect(byTestId(node, "comparison").querySelectorAll("li")).toHaveLength(0);
});

it("draws nothing of a file of this version that lacks what this version writes", async () => {
  const { node } = await open(runSnapshot(paged("first.jsonl")), null);

  expect(node.textContent).toContain("not a snapshot that dspnb wrote");
});

it("asks for an upgrade when the snapshot is newer", async () => {
  const { node } = await open({ ...runSnapshot(running), version: 3 }, null);

  expect(node.textContent).toContain("upgrade dspnb");
});

it("shows another run when the output is replaced by one", async () => {
  const { node, model } = await open(runSnapshot(ended), null);

  model.setData({
    data: { ...model.data, [RUN_MIME]: runSnapshot(running, { run: "run-2", title: "second" }) },
  });

  expect(byTestId(node, "run").textContent).toContain("second");
  expect(byTestId(node, "status").textContent).toBe("Running");
});

it("draws the inspector from the output, and keeps what is selected when it is rendered again", async () => {
  const { texts, text } = book();
  const snapshot = callsSnapshot(texts, [group([call(text), call(text)])]);
  const Renderer = callsRenderer(Widget, async () => inspect);
  const renderer = new Renderer();
  const model: MimeModel = { data: { [CALLS_MIME]: snapshot }, setData() {} };
  await renderer.renderModel(model);
  allByTestId(renderer.node, "call")[1]?.click();

  await renderer.renderModel(model);

  expect(allByTestId(renderer.node, "call")[1]?.getAttribute("aria-selected")).toBe("true");
});

it("says so when the inspector's script cannot be loaded", async () => {
  const Renderer = callsRenderer(Widget, async () => {
    throw new TypeError("offline");
  });
  const renderer = new Renderer();

  await renderer.renderModel({ data: { [CALLS_MIME]: {} }, setData() {} });

  expect(renderer.node.textContent).toBe("The inspector could not be loaded: TypeError: offline");
});
