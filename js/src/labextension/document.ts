/** The final state of a run goes into the notebook, so that the saved file holds it, also after a page reload. */
import type { MimeModel } from "../jupyter.ts";
import { RUN_MIME, type RunSnapshot } from "../protocol.ts";

/** Write once for each change: writing makes JupyterLab render the output again. */
export function writeFinal(model: MimeModel, snapshot: RunSnapshot, still: Record<string, string>): void {
  const wanted: Record<string, unknown> = { ...still, [RUN_MIME]: snapshot };
  const differs = Object.entries(wanted).some(([mime, value]) => !same(model.data[mime], value));
  if (differs) model.setData({ data: { ...model.data, ...wanted } });
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return canonical(a) === canonical(b);
}

/** JSON with sorted keys: a file that was saved and opened again may hold them in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    each !== null && typeof each === "object" && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
