"""Serve a simulated model on loopback, so that anybody's program or optimizer can run on it.

`serve.py negation` prints the address, and stops with Ctrl-C. Any client of the OpenAI protocol can
ask, dspnb and DSPy among them, with any key and any name of a model. It answers the prompts of that
benchmark's program and those of proposers. The same request has the same answer at temperature 0;
above it another sample each time it is asked.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[3])]

from servers.offline_over_http import Server  # noqa: E402

from dspnb.data import BENCHMARKS, benchmark  # noqa: E402
from dspnb.simulation import Simulated  # noqa: E402

EXAMPLE = """Serving {model} at {url}

    lm = dspnb.LM("openai/{model}", api_base="{url}", api_key="any", cache=False)
    lm = dspy.LM("openai/{model}", api_base="{url}", api_key="any", cache=False)

Ctrl-C ends it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until it is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("benchmark", choices=BENCHMARKS, metavar="BENCHMARK", help="its name")
    parser.add_argument("--seed", type=int, default=0, help="of the model's luck")
    parser.add_argument("--insight", type=float, default=1.0, help="of its proposals")
    parser.add_argument("--port", type=int, default=0, help="a free one, if not given")
    given = parser.parse_args(arguments)
    model = Simulated(benchmark(given.benchmark), given.seed, given.insight)
    with Server(model, given.port) as server, contextlib.suppress(KeyboardInterrupt):
        server.key, server.samples, server.keeps = "", True, True
        print(EXAMPLE.format(model=model.model, url=server.url), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
