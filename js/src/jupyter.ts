/** What is used of JupyterLab's objects. They come from the host, so there is no package to import them from. */

export interface Signal<Sender, Args> {
  connect(slot: (sender: Sender, args: Args) => void): unknown;
  disconnect(slot: (sender: Sender, args: Args) => void): unknown;
}

export interface Future<Content> {
  done: Promise<{ content: Content } | undefined>;
  onReply?: (message: { content: Content }) => void;
}

export interface ExecuteRequest {
  code: string;
  silent: boolean;
  store_history: boolean;
  stop_on_error: boolean;
  allow_stdin: boolean;
  user_expressions: Record<string, string>;
}

export interface ExecuteReply {
  status: string;
  user_expressions?: Record<string, { status: string; data?: Record<string, unknown> }>;
}

/** A kernel connection. What only newer hosts have is optional. */
export interface Kernel {
  status: string;
  info?: Promise<unknown>;
  requestExecute(request: ExecuteRequest): Future<ExecuteReply>;
  interrupt?(): Promise<void>;
  supportsSubshells?: boolean;
  subshellId?: string | null;
  requestCreateSubshell?(content: object): Future<{ subshell_id?: string }>;
  requestDeleteSubshell?(content: { subshell_id: string }): Future<object>;
  clone?(): Kernel;
  clientId?: string;
  username?: string;
  sendShellMessage?(message: ShellMessage, expectReply: boolean): unknown;
  dispose?(): void;
}

export interface ShellMessage {
  channel: "shell";
  header: Record<string, string>;
  parent_header: object;
  metadata: object;
  content: object;
  buffers: [];
}

export interface Message {
  header: { msg_type: string };
  content: unknown;
}

export interface SessionContext {
  ready: Promise<void>;
  session: { kernel: Kernel | null } | null;
  iopubMessage: Signal<SessionContext, Message>;
  statusChanged: Signal<SessionContext, string>;
  kernelChanged: Signal<SessionContext, { oldValue: Kernel | null; newValue: Kernel | null }>;
}

export interface NotebookTracker {
  find(matches: (panel: NotebookPanel) => boolean): NotebookPanel | undefined;
}

export interface NotebookPanel {
  node: Node;
  sessionContext: SessionContext;
}

/** One output of a cell. */
export interface MimeModel {
  data: Record<string, unknown>;
  setData(options: { data: Record<string, unknown> }): void;
}

/** The part of Lumino's `Widget` that a renderer builds on. */
export interface LuminoWidget {
  node: HTMLElement;
  isDisposed: boolean;
  dispose(): void;
}

export type WidgetClass = new () => LuminoWidget;
