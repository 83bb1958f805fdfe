/** JupyterLab's keyboard shortcuts and ours: while a key is meant for us, the notebook must not take it. */

/** Keys are ours while the focus came by keyboard; after a mouse click they are the notebook's. */
export function keyboardOnly(host: HTMLElement): void {
  const root = host.shadowRoot; // the host does not hear of focus that moves inside its shadow
  root?.addEventListener("focusin", () => {
    host.toggleAttribute(SUPPRESS, root.activeElement?.matches(":focus-visible") === true);
  });
  root?.addEventListener("focusout", () => host.removeAttribute(SUPPRESS));
}

/** All keys are ours while the focus is in the host. */
export function allKeys(host: HTMLElement): void {
  host.setAttribute(SUPPRESS, "true");
}

const SUPPRESS = "data-lm-suppress-shortcuts";
