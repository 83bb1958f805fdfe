/** Bring a click to the kernel, also while a cell is busy. */
import type { ExecuteReply, Future, Kernel } from "./jupyter.ts";
import type { Command } from "./protocol.ts";

/** Whether the kernel knows the run. `unconfirmed`: the command is on its way, or could not be sent. */
export type Answer = "known" | "unknown" | "unconfirmed";

export interface Courier {
  deliver(kind: Command["kind"]): Promise<Answer>;
  dispose(): void;
}

const PATIENCE = 2000; // milliseconds for one way before the next is tried

/** The expression that carries a command, or null: run ids come from files, which may be hostile. */
export function expression(run: string, kind: Command["kind"]): string | null {
  if (!isRunId(run) || !KINDS.has(kind)) return null;
  return `__import__("dspnb.notebook.live", fromlist=["command"]).command("${run}", "${kind}")`;
}

export function isRunId(run: unknown): run is string {
  return typeof run === "string" && /^[a-z0-9-]{1,64}$/.test(run);
}

const KINDS: ReadonlySet<string> = new Set<Command["kind"]>(["stop", "pause", "resume", "resync"]);

/** Try in turn: a subshell, the main shell, an interrupt (to stop), a widget message. */
export function courier(run: string, kernel: () => Kernel | null, send: (command: Command) => void): Courier {
  const subshell = keptSubshell();

  async function deliver(kind: Command["kind"]): Promise<Answer> {
    const code = expression(run, kind);
    if (code === null) return "unconfirmed";
    const connection = kernel();
    if (connection) {
      const answer = await overKernel(connection, kind, code);
      if (answer) return answer;
    }
    await attempt(async () => send({ kind })); // the connection may have been closed meanwhile
    return "unconfirmed";
  }

  async function overKernel(connection: Kernel, kind: Command["kind"], code: string): Promise<Answer | null> {
    const onMain = () => within(PATIENCE, ask(connection, code));
    if (connection.supportsSubshells) {
      const onSubshell = async () => ask(await subshell.of(connection), code);
      const answer = await attempt(() => within(PATIENCE, onSubshell()));
      if (answer) return answer;
      subshell.dispose();
    }
    // On ipykernel 7 the status turns idle at every widget message, so only ipykernel 6 is asked for it.
    if (connection.supportsSubshells || connection.status === "idle") {
      const answer = await attempt(onMain);
      if (answer) return answer;
    }
    if (kind !== "stop" || !connection.interrupt) return null;
    await attempt(() => within(PATIENCE, connection.interrupt?.() ?? Promise.resolve()));
    // The interrupt ends a cell that waits for its run, but does not touch a run in the background.
    return attempt(onMain);
  }

  return { deliver, dispose: subshell.dispose };
}

/** Evaluate silently: no output, no history, and the reply says whether the run is known. */
async function ask(connection: Kernel, code: string): Promise<Answer> {
  const content = await reply(
    connection.requestExecute({
      code: "",
      silent: true,
      store_history: false,
      stop_on_error: false,
      allow_stdin: false,
      user_expressions: { known: code },
    }),
  );
  if (content.status !== "ok") throw new Error(`The kernel answered ${content.status}.`);
  return content.user_expressions?.known?.data?.["text/plain"] === "True" ? "known" : "unknown";
}

/** The reply itself: the `idle` that `done` also waits for can be lost when the kernel prints a lot. */
function reply(future: Future<ExecuteReply>): Promise<ExecuteReply> {
  return new Promise((resolve, reject) => {
    future.onReply = (message) => resolve(message.content);
    future.done.then((message) => message && resolve(message.content), reject);
  });
}

/** One subshell, made at the first use and kept: making one takes a fifth of a second. */
function keptSubshell() {
  let made: { on: Kernel; connection: Promise<Kernel> } | null = null;

  async function make(kernel: Kernel): Promise<Kernel> {
    const created = await kernel.requestCreateSubshell?.({}).done;
    const id = created?.content.subshell_id;
    const connection = kernel.clone?.();
    if (!id || !connection) throw new Error("The kernel made no subshell.");
    connection.subshellId = id;
    return connection;
  }

  function of(kernel: Kernel): Promise<Kernel> {
    if (made?.on !== kernel) {
      dispose();
      made = { on: kernel, connection: make(kernel) };
    }
    return made.connection;
  }

  function dispose(): void {
    const old = made;
    made = null;
    old?.connection.then(
      (connection) => {
        if (connection.subshellId) discard(old.on, connection.subshellId);
        connection.dispose?.();
      },
      () => {}, // it was never made
    );
  }

  return { of, dispose };
}

function discard(kernel: Kernel, subshell: string): void {
  try {
    kernel.requestDeleteSubshell?.({ subshell_id: subshell }).done.catch(() => {});
  } catch {
    // The connection is already closed, and the subshell went with its kernel.
  }
}

/** The value, or null when the way failed. */
async function attempt<T>(way: () => Promise<T>): Promise<T | null> {
  try {
    return await way();
  } catch {
    return null;
  }
}

/** The value of a promise, if it comes in time. */
export function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No reply in ${milliseconds} ms.`)), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
