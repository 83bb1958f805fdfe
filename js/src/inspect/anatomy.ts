/** A prompt in parts by origin: the messages' blocks, a demo's question and answer together. */
import type { BlockView, MessageView, ToolCallView } from "../protocol.ts";

type Role = MessageView["role"];

export interface Part {
  kind: BlockView["kind"];
  /** `demo 2`, `instructions` ... */
  label: string;
  tokens: number;
  /** A demo holds a piece for each role, and its attachments; all other parts hold one. */
  pieces: Piece[];
}

export interface Piece {
  role: Role;
  text: number;
  /** What goes along, in words, and its picture if it is one; empty when nothing does. */
  attached: string;
  picture: string;
  toolCalls: ToolCallView[];
}

export function anatomy(messages: MessageView[]): Part[] {
  const parts: Part[] = [];
  let demos = 0;
  for (const { role, blocks, tool_calls } of messages) {
    for (const [place, { kind, text, tokens, attached, picture }] of blocks.entries()) {
      const toolCalls = place === blocks.length - 1 ? tool_calls : [];
      const piece = { role, text, attached, picture, toolCalls };
      const last = parts.at(-1);
      if (kind === "demo" && last?.kind === "demo" && (attached !== "" || isAnswer(role, last))) {
        last.pieces.push(piece);
        last.tokens += tokens;
        continue;
      }
      if (kind === "demo") demos += 1;
      const label = kind === "demo" ? `demo ${demos}` : LABELS[kind];
      parts.push({ kind, label, tokens, pieces: [piece] });
    }
  }
  return parts;
}

/** Tokens by origin, in the order of the prompt. */
export function tokensByKind(parts: Part[]): Map<Part["kind"], number> {
  const sums = new Map<Part["kind"], number>();
  for (const { kind, tokens } of parts) sums.set(kind, (sums.get(kind) ?? 0) + tokens);
  return sums;
}

/** The prompt as plain text, for the clipboard. */
export function plain(messages: MessageView[], texts: string[]): string {
  return messages
    .map(({ role, blocks, tool_calls }) => {
      const said = blocks.map(({ text, attached }) =>
        [texts[text] ?? "", attached && `[${attached}]`].filter(Boolean).join(" "),
      );
      const called = tool_calls.map(({ name, args }) => `${name}(${texts[args] ?? ""})`);
      return `[${role}]\n${[...said, ...called].filter(Boolean).join("\n\n")}`;
    })
    .join("\n\n");
}

function isAnswer(role: Role, demo: Part): boolean {
  return role === "assistant" && demo.pieces.every((piece) => piece.role !== "assistant");
}

const LABELS: Record<BlockView["kind"], string> = {
  fields: "fields",
  format: "format",
  instructions: "instructions",
  demo: "demo",
  history: "earlier turn",
  input: "input",
  hint: "hint",
  answer: "earlier answer",
  repair: "repair",
  text: "text",
};
