/** Elements without a framework. Whatever a model or data wrote is only ever set as text. */

export type Child = Node | string | false | null | undefined;

type Attributes = { [name: `${string}-${string}`]: string | number | boolean };

/** Make an element: `h("button", { "data-testid": "stop", onclick: stop }, "Stop")`. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Partial<HTMLElementTagNameMap[K]> & Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in element) Object.assign(element, { [name]: value });
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter(drawn));
  return element;
}

/** Make an SVG element. */
export function svg(
  tag: string,
  attributes: Record<string, string | number> = {},
  ...children: Child[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.filter(drawn));
  return element;
}

/** Set a text only when it differs: screen readers announce every change, and a selection would be lost. */
export function put(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A shadow root with its style: the notebook's CSS cannot leak in, its fonts and variables can. */
export function shadow(host: HTMLElement, ...css: string[]): ShadowRoot {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren(h("style", {}, css.join("\n")));
  return root;
}

function drawn(child: Child): child is Node | string {
  return child !== false && child !== null && child !== undefined && child !== "";
}
