/** Follow a run that is still going: its widget's messages pass on the kernel's channel, and are read there. */
import type { Kernel, Message, SessionContext } from "../jupyter.ts";
import { type Answer, courier, within } from "../kernel.ts";
import type { ChangedView, Command, Event, Progress } from "../protocol.ts";
import type { Link } from "../run/view.ts";
import { isChanged, isEvents, isProgress, isStill } from "../valid.ts";

export interface Update {
  events?: Event[];
  progress?: Progress;
  changed?: ChangedView[];
  still?: Record<string, string>;
}

export interface Follower {
  update(update: Update): void;
  connect(link: Link): void;
}

export interface Following {
  deliver(kind: Command["kind"]): Promise<Answer>;
  dispose(): void;
}

const PATIENCE = 5000; // milliseconds until the kernel says what it can do
const LOST: ReadonlySet<string> = new Set(["restarting", "autorestarting", "terminating", "dead"]);

/** `comm` is the id of the run's widget; its updates carry the run's traits. */
export function follow(run: string, comm: string, session: SessionContext, follower: Follower): Following {
  const kernel = () => session.session?.kernel ?? null;
  const post = courier(run, kernel, (command) => {
    const connection = kernel();
    if (connection && link === "live") sayToWidget(connection, comm, command);
  });
  let link: Link = "asking";
  let asking = false;
  let disposed = false;

  function connect(next: Link): void {
    if (disposed || next === link) return;
    link = next;
    follower.connect(next);
  }

  /** The answer brings the whole state, or says that this kernel knows no such run. */
  async function ask(): Promise<void> {
    if (asking || link !== "asking") return;
    asking = true;
    try {
      await session.ready;
      const connection = kernel();
      if (connection === null) return connect("none");
      if (await hasInfo(connection)) settle(await post.deliver("resync"));
    } catch {
      connect("none"); // the session could not start
    } finally {
      asking = false;
    }
  }

  function settle(answer: Answer): void {
    if (link !== "asking") return; // an update or a restart was quicker
    if (answer === "known") connect("live");
    if (answer === "unknown") connect("none");
  }

  const onMessage = (_: SessionContext, message: Message) => {
    const update = read(message, comm);
    if (update === null || disposed) return;
    connect("live");
    follower.update(update);
  };

  const onStatus = (_: SessionContext, status: string) => {
    if (LOST.has(status)) connect("none");
    else if (status === "idle") void ask(); // a busy kernel could not answer before
  };

  const onKernel = (_: SessionContext, { newValue }: { newValue: Kernel | null }) => {
    if (newValue === null) return connect("none");
    connect("asking");
    void ask();
  };

  session.iopubMessage.connect(onMessage);
  session.statusChanged.connect(onStatus);
  session.kernelChanged.connect(onKernel);
  follower.connect(link);
  void ask();

  return {
    deliver: post.deliver,
    dispose() {
      disposed = true;
      session.iopubMessage.disconnect(onMessage);
      session.statusChanged.disconnect(onStatus);
      session.kernelChanged.disconnect(onKernel);
      post.dispose();
    },
  };
}

/** The run's traits in a message of its widget; null for all other messages. Each may be missing. */
export function read({ header, content }: Message, comm: string): Update | null {
  if (header.msg_type !== "comm_msg") return null;
  const { comm_id, data } = content as { comm_id?: string; data?: { method?: string; state?: Update } };
  if (comm_id !== comm || data?.method !== "update" || !data.state) return null;
  const { events, progress, changed, still } = data.state;
  return {
    ...(isEvents(events) && { events }),
    ...(isProgress(progress) && { progress }),
    ...(isChanged(changed) && { changed }),
    ...(isStill(still) && { still }),
  };
}

/** What the widget's own view would send. Unlike an execution it survives an error in the cell before it. */
function sayToWidget(connection: Kernel, comm: string, command: Command): void {
  connection.sendShellMessage?.(
    {
      channel: "shell",
      header: {
        msg_id: `dspnb-${Date.now()}-${Math.random()}`,
        msg_type: "comm_msg",
        session: connection.clientId ?? "",
        username: connection.username ?? "",
        version: "5.3",
        date: new Date().toISOString(),
      },
      parent_header: {},
      metadata: {},
      content: { comm_id: comm, data: { method: "custom", content: command } },
      buffers: [],
    },
    false,
  );
}

/** Whether a connection has subshells is known only after the kernel's first answer. */
async function hasInfo(connection: Kernel): Promise<boolean> {
  try {
    await within(PATIENCE, Promise.resolve(connection.info));
    return true;
  } catch {
    return false;
  }
}
