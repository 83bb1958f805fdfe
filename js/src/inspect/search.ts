/** Which calls hold a text: in their path, inputs, outputs, prompt, answer or error. */
import type { CallsSnapshot, CallView } from "../protocol.ts";

/** A search over one snapshot. Each text is looked at once, however many prompts share it. */
export function searcher({ texts, groups }: CallsSnapshot): (query: string) => Set<CallView> | null {
  const lower = texts.map(lazyLower);

  return (query) => {
    const wanted = query.trim().toLowerCase();
    if (wanted === "") return null;
    const hits = new Set<number>();
    for (const [index, text] of lower.entries()) if (text().includes(wanted)) hits.add(index);
    const holds = (call: CallView) =>
      shownTexts(call).some((index) => hits.has(index)) ||
      [call.path, call.error, call.rejected].some((text) => text.toLowerCase().includes(wanted));
    return new Set(groups.flatMap((group) => group.calls.filter(holds)));
  };
}

/** The text in pieces, the odd ones being what was searched for. */
export function split(text: string, query: string): string[] {
  const wanted = query.trim().toLowerCase();
  const lower = text.toLowerCase();
  if (wanted === "" || lower.length !== text.length) return [text];
  const pieces: string[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    pieces.push(text.slice(from, at), text.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...pieces, text.slice(from)];
}

function shownTexts(call: CallView): number[] {
  return [
    ...call.inputs.map((field) => field.text),
    ...call.outputs.map((field) => field.text),
    ...call.messages.flatMap((message) => message.blocks.map((block) => block.text)),
    ...[...call.messages, call].flatMap((each) => each.tool_calls.map(({ args }) => args)),
    ...call.attempts.map((attempt) => attempt.text),
    ...[call.params, call.reasoning, call.answer].filter((index) => index !== null),
  ];
}

function lazyLower(text: string): () => string {
  let lower: string | null = null;
  return () => {
    lower ??= text.toLowerCase();
    return lower;
  };
}
