/** Notice that messages were lost, and ask for them again: at most once a second. */
const PAUSE = 1000; // milliseconds

export interface GapWatch {
  /** To be called with what there is and what there should be, after each message. */
  check(have: number, expected: number): void;
  dispose(): void;
}

export function gapWatch(resync: () => void): GapWatch {
  let missing = false;
  let timer: ReturnType<typeof setTimeout> | null = null;

  function ask(): void {
    timer = null;
    if (!missing) return;
    resync();
    missing = false; // until a later message shows that it still is
    timer = setTimeout(ask, PAUSE);
  }

  return {
    check(have, expected) {
      missing = expected > have;
      if (missing && timer === null) ask();
    },
    dispose() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
