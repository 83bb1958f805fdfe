"""Memory of the calls that a report keeps, beside their text: bytes a call."""

from __future__ import annotations

import gc
import sys
import tracemalloc

from measuring import side, tell


def main(framework: str, url: str, count: int) -> None:
    """Tell the bytes of all, of the text, and beside it. The examples were there before."""
    its = side(framework)
    its.connect(url)
    program = its.predict()
    its.score(program, its.examples(100), 32)
    data = its.examples(count)
    gc.collect()
    tracemalloc.start()
    kept = its.score(program, data, 32)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert its.right(kept) == 1.0
    text = its.text_kept(kept)
    tell(bytes=held / count, text=text / count, beside=(held - text) / count)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
