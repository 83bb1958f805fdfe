/** JupyterLab's keyboard shortcuts and ours: while a key is meant for us, the notebook must not take it. */

/** Keys are ours while something in the host has the focus by keyboard; after a mouse click they are the notebook's. */
export function keyboardOnly(host: HTMLElement): void {
  host.addEventListener("focusin", () => {
    const focused = host.shadowRoot?.activeElement;
    host.toggleAttribute(SUPPRESS, focused?.matches(":focus-visible") === true);
  });
  host.addEventListener("focusout", () => host.removeAttribute(SUPPRESS));
}

/** All keys are ours while the focus is in the host. */
export function allKeys(host: HTMLElement): void {
  host.setAttribute(SUPPRESS, "true");
}

const SUPPRESS = "data-lm-suppress-shortcuts";
