/** A prompt in parts by origin: the messages' blocks, a demo's question and answer together. */
import type { BlockView, MessageView } from "../protocol.ts";

type Role = MessageView["role"];

export interface Part {
  kind: BlockView["kind"];
  /** `demo 2`, `instructions` ... */
  label: string;
  tokens: number;
  /** A demo holds one text for each role; all other parts hold one. */
  pieces: { role: Role; text: number }[];
}

export function anatomy(messages: MessageView[]): Part[] {
  const parts: Part[] = [];
  let demos = 0;
  for (const { role, blocks } of messages) {
    for (const { kind, text, tokens } of blocks) {
      const last = parts.at(-1);
      if (kind === "demo" && role === "assistant" && last?.kind === "demo" && !last.pieces.some(answers)) {
        last.pieces.push({ role, text });
        last.tokens += tokens;
        continue;
      }
      if (kind === "demo") demos += 1;
      const label = kind === "demo" ? `demo ${demos}` : LABELS[kind];
      parts.push({ kind, label, tokens, pieces: [{ role, text }] });
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
    .map(({ role, blocks }) => `[${role}]\n${blocks.map(({ text }) => texts[text] ?? "").join("\n\n")}`)
    .join("\n\n");
}

function answers({ role }: { role: Role }): boolean {
  return role === "assistant";
}

const LABELS: Record<BlockView["kind"], string> = {
  fields: "fields",
  format: "format",
  instructions: "instructions",
  demo: "demo",
  input: "input",
  answer: "earlier answer",
  repair: "repair",
  text: "text",
};
