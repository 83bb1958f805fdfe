/** One call: its fields, the prompt as the model saw it, the raw answer, what went wrong. */
import { type Child, h } from "../dom.ts";
import { compact, money, plural, score, seconds } from "../format.ts";
import type { CallView, CheckView, FieldView, GroupView, ToolCallView } from "../protocol.ts";
import { anatomy, type Part, type Piece, plain, tokensByKind } from "./anatomy.ts";
import { copy } from "./copy.ts";
import { textView } from "./text.ts";

const MANY = 3; // demos; more than that are folded

/** How a call's texts are drawn: looked up by index, with the search's words marked. */
type Texts = (index: number) => HTMLElement;

export function callView(call: CallView, texts: string[], query: string): HTMLElement {
  const text: Texts = (index) => textView(texts[index] ?? "(not saved)", query);
  return h(
    "article",
    {},
    heading(call),
    call.error && problem("Error", call.error),
    call.rejected && problem("Not used, because", call.rejected),
    call.inputs.length + call.outputs.length > 0 && fields(call, text),
    prompt(call, texts, text),
    call.params !== null && titled("Parameters", "of the request", "params", text(call.params)),
    call.reasoning !== null &&
      titled("Reasoning", "as the provider shows it", "reasoning", text(call.reasoning)),
    call.sent && answer(call, text),
    call.attempts.length > 0 && attempts(call, text),
  );
}

/** What is known of the example that a group of calls belongs to. */
export function groupView(group: GroupView): HTMLElement | null {
  const { title, score: value, feedback, error, checks } = group;
  if (value === null && !feedback && !error && checks.length === 0) return null;
  return h(
    "div",
    { className: "group" },
    h(
      "p",
      {},
      h("b", {}, title),
      value !== null && h("span", { className: "chip" }, `score ${score(value)}`),
    ),
    feedback && h("p", { className: "feedback" }, feedback),
    error && problem("Error", error),
    ...checks.map(check),
  );
}

function check({ kind, message, held, tries }: CheckView): HTMLElement {
  return h(
    "p",
    { className: "feedback", "data-testid": "check" },
    h("span", { className: "chip plain" }, kind),
    ` ${message} `,
    h("span", { className: "quiet" }, `asked again ${plural(tries, "time")}, ${held ? "met" : "not met"}`),
  );
}

function heading(call: CallView): HTMLElement {
  const facts = [
    call.model,
    call.sent && seconds(call.seconds),
    call.sent
      ? `${compact(call.tokens_in)} tokens in, ${compact(call.tokens_out)} out`
      : `about ${compact(call.tokens_in)} tokens, not sent`,
    call.dollars !== 0 && money(call.dollars),
    call.demos > 0 && plural(call.demos, "demo"),
  ].filter(Boolean);
  return h(
    "header",
    {},
    h("h3", {}, call.path, call.cached && h("span", { className: "chip plain" }, "from cache")),
    call.signature && h("p", {}, h("code", {}, call.signature)),
    h("p", { className: "quiet" }, facts.join("  \u00b7  ")),
  );
}

function fields(call: CallView, text: Texts): HTMLElement {
  const section = (name: string, values: FieldView[]) =>
    values.map((field, place) =>
      h(
        "tr",
        { className: place === 0 ? "first" : "" },
        h("td", { className: "side quiet" }, place === 0 ? name : ""),
        h(
          "th",
          { scope: "row" },
          field.name,
          h("code", { className: "quiet", title: field.type }, field.type),
        ),
        h("td", {}, text(field.text)),
      ),
    );
  return h(
    "section",
    {},
    h("h4", {}, "Fields"),
    h(
      "table",
      { className: "fields", "data-testid": "fields" },
      h("tbody", {}, ...section("in", call.inputs), ...section("out", call.outputs)),
    ),
  );
}

function prompt(call: CallView, texts: string[], text: Texts): HTMLElement {
  const parts = anatomy(call.messages);
  const folded = parts.filter(({ kind }) => kind === "demo").length > MANY;
  return h(
    "section",
    {},
    h(
      "div",
      { className: "title" },
      h("h4", {}, "Prompt ", h("span", { className: "quiet" }, "as the model saw it")),
      copyButton(() => plain(call.messages, texts)),
    ),
    tokenBar(parts),
    h(
      "div",
      { className: "prompt", "data-testid": "prompt" },
      ...parts.flatMap((part, place) => [
        roleOf(part) !== roleOf(parts[place - 1]) && h("p", { className: "role" }, roleOf(part)),
        block(part, !(folded && part.kind === "demo"), text),
      ]),
    ),
  );
}

/** Demos stand for themselves, whoever is made to say them. */
function roleOf(part: Part | undefined): string {
  return part?.kind === "demo" ? "demos" : (part?.pieces[0]?.role ?? "");
}

/** A closed part draws its text when it is opened for the first time. */
function block(part: Part, open: boolean, text: Texts): HTMLElement {
  const body = () =>
    part.pieces.flatMap((piece, place) => [
      ...(changesRole(part.pieces, place) ? [h("p", { className: "role" }, piece.role)] : []),
      ...pieceView(piece, text),
    ]);
  const element = h(
    "details",
    { className: `block origin ${part.kind}`, open, "data-kind": part.kind },
    h(
      "summary",
      {},
      h("span", { className: "kind" }, part.label),
      h("span", { className: "quiet" }, `~${plural(part.tokens, "token")}`),
    ),
    ...(open ? body() : []),
  );
  if (!open) {
    element.ontoggle = () => {
      element.ontoggle = null;
      element.append(...body());
    };
  }
  return element;
}

/** Whether who speaks has to be said above a piece. */
function changesRole(pieces: Piece[], place: number): boolean {
  return pieces.length > 1 && pieces[place - 1]?.role !== pieces[place]?.role;
}

function pieceView({ text: index, attached, picture, toolCalls }: Piece, text: Texts): HTMLElement[] {
  const said = text(index);
  const shown = attached === "" ? [] : [picture === "" ? label(attached) : pictureView(picture, attached)];
  const called = toolCalls.map((call) => toolCall(call, text));
  return [...(said.textContent === "" && called.length > 0 ? [] : [said]), ...shown, ...called];
}

/** The picture is in the snapshot, and was checked: nothing is fetched. */
function pictureView(src: string, alt: string): HTMLElement {
  return h("p", { className: "picture" }, h("img", { src, alt, title: alt, "data-testid": "picture" }));
}

function label(words: string): HTMLElement {
  return h("p", { className: "quiet" }, words);
}

function toolCall({ name, args }: ToolCallView, text: Texts): HTMLElement {
  return h(
    "div",
    { className: "call", "data-testid": "tool-call" },
    h("p", {}, "calls ", h("code", {}, name)),
    text(args),
  );
}

/** Where the tokens of a prompt go. */
function tokenBar(parts: Part[]): HTMLElement | null {
  const sums = [...tokensByKind(parts)].filter(([, tokens]) => tokens > 0);
  if (sums.length < 2) return null;
  const total = sums.reduce((sum, [, tokens]) => sum + tokens, 0);
  const share = (kind: Part["kind"], tokens: number) => {
    const element = h("i", { className: `origin ${kind}` });
    element.style.flexGrow = String(tokens / total);
    return element;
  };
  const name = ([kind, tokens]: [Part["kind"], number]) =>
    h("span", {}, h("i", { className: `origin ${kind}` }), `${kind} ${compact(tokens)}`);
  return h(
    "div",
    { className: "tokens" },
    h("div", { className: "shares" }, ...sums.map(([kind, tokens]) => share(kind, tokens))),
    h("p", { className: "quiet" }, ...sums.map(name)),
  );
}

function answer(call: CallView, text: Texts): HTMLElement {
  const nothing = call.answer === null && call.tool_calls.length === 0;
  return titled(
    "Answer",
    "as the model gave it",
    "answer",
    nothing && h("p", { className: "quiet" }, "There is none."),
    call.answer !== null && text(call.answer),
    ...call.tool_calls.map((each) => toolCall(each, text)),
  );
}

function titled(name: string, quiet: string, testId: string, ...children: Child[]): HTMLElement {
  return h(
    "section",
    {},
    h("h4", {}, `${name} `, h("span", { className: "quiet" }, quiet)),
    h("div", { className: "framed", "data-testid": testId }, ...children),
  );
}

function attempts(call: CallView, text: Texts): HTMLElement {
  return h(
    "section",
    { "data-testid": "attempts" },
    h("h4", {}, "Attempts that could not be used"),
    ...call.attempts.map((attempt) =>
      h(
        "div",
        { className: "attempt framed" },
        problem(`Asked again (${attempt.adapter} layout), because`, attempt.error),
        text(attempt.text),
      ),
    ),
  );
}

function problem(name: string, message: string): HTMLElement {
  return h("p", { className: "problem" }, name && h("b", {}, `${name}: `), message);
}

function copyButton(text: () => string): HTMLElement {
  const button = h("button", { type: "button", className: "small", "data-testid": "copy" }, "Copy");
  button.onclick = async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Could not copy";
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  };
  return button;
}
