/** A mean with its 95% interval, as a dot with whiskers on a track. */
import { svg } from "../dom.ts";

const WIDTH = 120;
const HEIGHT = 14;

export interface Range {
  mean: number;
  low: number;
  high: number;
}

/** All ranges that are to be compared share the `domain`; `at` is a value to compare them with. */
export function rangeMark(range: Range, [from, to]: [number, number], at: number | null = null): SVGElement {
  const x = (value: number) => 4 + ((value - from) / (to - from || 1)) * (WIDTH - 8);
  const y = HEIGHT / 2;
  return svg(
    "svg",
    {
      class: "range",
      width: WIDTH,
      height: HEIGHT,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      "aria-hidden": "true",
    },
    svg("line", { class: "track", x1: 0, x2: WIDTH, y1: y, y2: y }),
    at !== null && svg("line", { class: "at", x1: x(at), x2: x(at), y1: 0, y2: HEIGHT }),
    svg("line", { class: "span", x1: x(range.low), x2: x(range.high), y1: y, y2: y }),
    svg("circle", { class: "middle", cx: x(range.mean), cy: y, r: 3.5 }),
  );
}
