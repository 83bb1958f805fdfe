/** Put a text on the clipboard, also where the page may not use the clipboard interface. */
import { h } from "../dom.ts";

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text); // no secure origin, or an iframe without the permission
  }
}

function copySelection(text: string): boolean {
  const area = h("textarea", { value: text, readOnly: true });
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const copied = document.execCommand?.("copy") ?? false;
  area.remove();
  return copied;
}
