/** From values to places, with ticks at round numbers. */

export interface Scale {
  place(value: number): number;
  ticks: number[];
}

/** The values are in `from..to`, which is widened to round ticks; `places` may run downwards. */
export function scale([from, to]: [number, number], places: [number, number], wanted: number): Scale {
  const step = roundStep((to - from) / wanted);
  const [first, last] = [Math.floor(from / step + 1e-9), Math.ceil(to / step - 1e-9)];
  const [low, high] = [first * step, last * step];
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return {
    ticks,
    place: (value) => places[0] + ((value - low) / (high - low || 1)) * (places[1] - places[0]),
  };
}

/** Score axes span at least a tenth: a difference that means nothing should not fill the plot. */
export function scoreDomain(values: number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const missing = Math.max(0, 0.1 - (high - low)) / 2;
  const [from, to] = [low - missing, high + missing];
  const inUnit = low >= 0 && high <= 1;
  return inUnit ? [Math.max(0, from), Math.min(1, to)] : [from, to];
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least || 1));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * 0.999) ?? 10);
}
