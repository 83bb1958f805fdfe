/** Texts of models and data: as text, what was searched for marked, long ones cut until asked for. */
import { h } from "../dom.ts";
import { count } from "../format.ts";
import { split } from "./search.ts";

const LONG = 6000; // characters
const MARKS = 200; // more of them help nobody

export function textView(text: string, query: string): HTMLElement {
  const element = h("pre");
  const draw = (shown: string) => element.replaceChildren(...marked(shown, query));
  if (text.length <= LONG) {
    draw(text);
    return element;
  }
  draw(text.slice(0, LONG));
  const more = h(
    "button",
    { type: "button", className: "more" },
    `show all ${count(text.length)} characters`,
  );
  const whole = h("div", {}, element, more);
  more.onclick = () => {
    draw(text);
    more.remove();
  };
  return whole;
}

function marked(text: string, query: string): (Node | string)[] {
  const pieces = split(text, query);
  const tail = pieces.slice(2 * MARKS).join("");
  return [
    ...pieces.slice(0, 2 * MARKS).map((piece, place) => (place % 2 === 1 ? h("mark", {}, piece) : piece)),
    tail,
  ];
}
