/** The numbers of a run: best score, calls, tokens, dollars, time. */
import { h, put } from "../dom.ts";
import { clock, compact, count, money, roughly, score } from "../format.ts";
import type { Progress } from "../protocol.ts";
import { best, bestMean, type RunState } from "./state.ts";

export function metersView() {
  const bestScore = meter("best");
  const calls = meter("calls", "calls");
  const tokens = meter("tokens");
  const cost = meter("cost");
  const elapsed = meter("elapsed");
  const remaining = meter("remaining");
  const all = [bestScore, calls, tokens, cost, elapsed, remaining];
  const element = h("dl", { className: "meters" }, ...all.map((each) => each.element));

  function draw(state: RunState, progress: Progress, ended: boolean): void {
    const leader = best(state);
    const known = bestMean(state);
    const who = [leader && `candidate ${leader.id}`, known?.expected && "expected"].filter(Boolean);
    bestScore.set(known ? score(known.mean) : "\u2013", who.join(", "));
    const open = state.spent === null; // else these stand in the table of costs
    calls.set(open ? count(progress.calls) : "", fromCache(progress));
    tokens.set(open ? compact(progress.tokens_in + progress.tokens_out) : "", inAndOut(progress));
    cost.set(...(open ? paid(progress) : ([""] satisfies [string])));
    elapsed.set(open ? clock(progress.seconds) : "");
    remaining.set(ended || progress.remaining === null ? "" : `about ${roughly(progress.remaining)}`);
  }

  return { element, draw };
}

/** What is known of the cost, and beside it what is not; nothing when there is none. */
function paid({ dollars, unpriced }: Progress): [string, string?] {
  if (unpriced === 0) return [dollars > 0 ? money(dollars) : ""];
  const unknown = money(0, unpriced);
  return dollars > 0 ? [money(dollars), `+ ${unknown}`] : [unknown];
}

function fromCache({ cached }: Progress): string {
  return cached > 0 ? `+${count(cached)} from cache` : "";
}

function inAndOut({ tokens_in, tokens_out }: Progress): string {
  return tokens_in + tokens_out > 0 ? `${compact(tokens_in)} in, ${compact(tokens_out)} out` : "";
}

/** One number with its name; it is hidden while it has no value. */
function meter(name: string, testid = name) {
  const value = h("span", { className: "value" });
  const more = h("span", { className: "quiet" });
  const element = h("div", {}, h("dt", {}, name), h("dd", { "data-testid": testid }, value, " ", more));

  function set(text: string, detail = ""): void {
    put(value, text);
    put(more, detail);
    element.hidden = text === "";
  }

  return { element, set };
}
