/** Numbers as people read them. */

const UNKNOWN = "unknown price";

/** A score: `0.82`; more digits only where two would say nothing. */
export function score(value: number): string {
  return value.toFixed(value !== 0 && Math.abs(value) < 0.01 ? 3 : 2);
}

/** A difference of scores, with its sign: `+0.21`. */
export function signed(value: number): string {
  return value < 0 ? `\u2212${score(-value)}` : `+${score(value)}`;
}

/** A probability, which never claims to be certain: `0.97`, `>0.99`. */
export function likely(probability: number): string {
  if (probability > 0.99) return ">0.99";
  return probability < 0.01 ? "<0.01" : probability.toFixed(2);
}

/** How often: `once`, `twice`, `3 times`. */
export function often(times: number): string {
  return times === 1 ? "once" : times === 2 ? "twice" : `${count(times)} times`;
}

/** A confidence interval: `[0.75, 0.89]`. */
export function interval({ low, high }: { low: number; high: number }): string {
  return `[${minus(score(low))}, ${minus(score(high))}]`;
}

/** A count with thousands marked: `12,345`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A count with its noun: `1 call`, `2 calls`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A large count, short: `845`, `12.3k`, `1.2M`. */
export function compact(value: number): string {
  if (value < 1000) return count(value);
  const [scaled, unit] = value < 999_500 ? [value / 1000, "k"] : [value / 1_000_000, "M"];
  return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, "") : count(scaled)}${unit}`;
}

/**
 * Dollars to two significant digits, or to the whole dollar, and what is not in them: `$0.0042`, `$1.2`,
 * `$123`, `unknown price`, `$0.0012 + 3 calls of unknown price`. The same words as in `lm/money.py`.
 */
export function money(dollars: number | null, unpriced = 0): string {
  if (dollars === null) return UNKNOWN;
  if (unpriced === 0) return amount(dollars);
  const unknown = `${plural(unpriced, "call")} of ${UNKNOWN}`;
  return dollars > 0 ? `${amount(dollars)} + ${unknown}` : unknown;
}

function amount(dollars: number): string {
  if (dollars <= 0) return "$0";
  if (dollars >= 9.95) return `$${count(dollars)}`;
  const rounded = Number(dollars.toPrecision(2)); // 0.0999 has the digits of 0.10
  return `$${rounded.toFixed(Math.min(1 - Math.floor(Math.log10(rounded)), 12))}`;
}

/** The time of one call: `0.4 s`, `12 s`; minutes as in `clock`. */
export function seconds(value: number): string {
  if (value >= 60) return clock(value);
  return value >= 9.95 ? `${value.toFixed(0)} s` : `${value.toFixed(value < 0.095 ? 2 : 1)} s`;
}

/** Time since the start: `0:42`, `12:05`, `1:02:03`. */
export function clock(value: number): string {
  const whole = Math.max(0, Math.floor(value));
  const pair = (n: number) => String(n).padStart(2, "0");
  const [hour, minute, second] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hour > 0 ? `${hour}:${pair(minute)}:${pair(second)}` : `${minute}:${pair(second)}`;
}

/** An estimate of time, no more exact than it is: `20 s`, `4 min`, `2 h`. */
export function roughly(value: number): string {
  if (value < 10) return "a few seconds";
  if (value < 90) return `${Math.round(value / 10) * 10} s`;
  if (value < 90 * 60) return `${Math.round(value / 60)} min`;
  return `${Math.round(value / 3600)} h`;
}

function minus(text: string): string {
  return text.replace("-", "\u2212");
}
