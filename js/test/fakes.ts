/** Stand-ins for what the hosts give: a kernel connection, a notebook's session, a widget's model. */
import { readFileSync } from "node:fs";
import type {
  ExecuteReply,
  ExecuteRequest,
  Future,
  Kernel,
  Message,
  SessionContext,
  Signal,
} from "../src/jupyter.ts";
import type { Event, Progress, RunSnapshot } from "../src/protocol.ts";
import { nothingYet } from "../src/run/state.ts";

/** A run from start to end, one event a line. */
export function recorded(file = "run.jsonl"): Event[] {
  const lines = readFileSync(`${import.meta.dirname}/fixtures/${file}`, "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** Those that a page is sent. */
export function paged(file = "run.jsonl"): Event[] {
  return recorded(file).filter(({ kind }) => kind !== "scored" && kind !== "called");
}

export function progress(changes: Partial<Progress> = {}): Progress {
  return { ...nothingYet, ...changes };
}

export function runSnapshot(events: Event[], changes: Partial<RunSnapshot> = {}): RunSnapshot {
  return {
    version: 2,
    run: "run-1",
    title: "triage",
    progress: progress({ events: events.length }),
    changed: [],
    events,
    ...changes,
  };
}

/** Let everything that waits for promises go on. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

export interface FakeKernel extends Kernel {
  /** What was asked of it, in order: `main CODE`, `subshell CODE`, `interrupt`, `create`, `delete`. */
  log: string[];
}

/** `answer` is what `command` returns; null: no reply ever comes. */
export function fakeKernel(
  options: { subshells?: boolean; status?: string; answer?: boolean | null; broken?: string } = {},
): FakeKernel {
  const { subshells = false, status = "idle", answer = true, broken = "" } = options;
  const log: string[] = [];
  const execute = (shell: string) => (request: ExecuteRequest) => {
    log.push(`${shell} ${request.user_expressions.known}`);
    if (broken.includes(shell)) throw new Error("The connection is closed.");
    return answer === null ? silence<ExecuteReply>() : replied(known(answer));
  };
  const kernel: FakeKernel = {
    log,
    status,
    info: Promise.resolve({}),
    supportsSubshells: subshells,
    requestExecute: execute("main"),
    async interrupt() {
      log.push("interrupt");
    },
    requestCreateSubshell() {
      log.push("create");
      return replied<{ subshell_id?: string }>({ subshell_id: "s1" });
    },
    requestDeleteSubshell() {
      log.push("delete");
      return replied({});
    },
    clone: () => ({ ...kernel, requestExecute: execute("subshell") }),
    dispose() {},
    sendShellMessage(message) {
      log.push(`${message.header.msg_type} ${JSON.stringify(message.content)}`);
    },
  };
  return kernel;
}

function known(answer: boolean): ExecuteReply {
  const value = { status: "ok", data: { "text/plain": answer ? "True" : "False" } };
  return { status: "ok", user_expressions: { known: value } };
}

function replied<T>(content: T): Future<T> {
  return { done: Promise.resolve({ content }) };
}

function silence<T>(): Future<T> {
  return { done: new Promise(() => {}) };
}

class FakeSignal<Sender, Args> implements Signal<Sender, Args> {
  slots = new Set<(sender: Sender, args: Args) => void>();
  connect(slot: (sender: Sender, args: Args) => void) {
    this.slots.add(slot);
  }
  disconnect(slot: (sender: Sender, args: Args) => void) {
    this.slots.delete(slot);
  }
}

export interface FakeSession extends SessionContext {
  kernel: Kernel | null;
  /** A message of the run's widget arrives. */
  widgetSays(state: object, comm?: string, method?: string): void;
  become(status: string): void;
  change(kernel: Kernel | null): void;
  listeners(): number;
}

export function fakeSession(kernel: Kernel | null): FakeSession {
  const iopubMessage = new FakeSignal<SessionContext, Message>();
  const statusChanged = new FakeSignal<SessionContext, string>();
  const kernelChanged = new FakeSignal<
    SessionContext,
    { oldValue: Kernel | null; newValue: Kernel | null }
  >();
  const signals = [iopubMessage, statusChanged, kernelChanged];
  const session: FakeSession = {
    kernel,
    ready: Promise.resolve(),
    get session() {
      return this.kernel ? { kernel: this.kernel } : null;
    },
    iopubMessage,
    statusChanged,
    kernelChanged,
    widgetSays(state, comm = "comm-1", method = "update") {
      const content = { comm_id: comm, data: { method, state } };
      for (const slot of iopubMessage.slots) slot(session, { header: { msg_type: "comm_msg" }, content });
    },
    become(status) {
      for (const slot of statusChanged.slots) slot(session, status);
    },
    change(newValue) {
      const oldValue = session.kernel;
      session.kernel = newValue;
      for (const slot of kernelChanged.slots) slot(session, { oldValue, newValue });
    },
    listeners: () => signals.reduce((sum, { slots }) => sum + slots.size, 0),
  };
  return session;
}

/** An anywidget model. */
export function fakeModel(traits: Record<string, unknown>, kernel?: Kernel) {
  const sent: unknown[] = [];
  const listeners = new Map<string, () => void>();
  return {
    sent,
    listeners,
    widget_manager: { kernel },
    get: (name: string) => traits[name],
    send: (message: unknown) => sent.push(message),
    on: (name: string, listener: () => void) => listeners.set(name, listener),
    off: (name: string) => listeners.delete(name),
    /** The kernel changes traits. */
    update(changes: Record<string, unknown>) {
      Object.assign(traits, changes);
      for (const name of Object.keys(changes)) listeners.get(`change:${name}`)?.();
    },
  };
}

/** Find by test id, inside the shadow root too. */
export function byTestId(host: Element, id: string): HTMLElement {
  const found = allByTestId(host, id)[0];
  if (!found) throw new Error(`There is no element with data-testid="${id}".`);
  return found;
}

export function allByTestId(host: Element, id: string): HTMLElement[] {
  const root = host.shadowRoot ?? host.querySelector("div")?.shadowRoot;
  return [...(root?.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`) ?? [])];
}
