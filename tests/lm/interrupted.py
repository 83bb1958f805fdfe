"""A process of its own whose evaluation is interrupted: `interrupted.py URL stay` or `leave`.

It says when it was back, on the system's monotonic clock; `stay` waits for a line and asks again.
"""

import signal
import sys
import time

from dspnb import LM, Example, Predict, evaluate, use

# What a shell starts with `&` ignores the signal, and so do the processes that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
program = Predict("question -> answer")
data = [Example(question=f"question {i}", answer="x").with_inputs("question") for i in range(1000)]
lm = LM("openai/echo", api_base=sys.argv[1], price=(0, 0), cache=False)
with use(lm=lm):
    try:
        evaluate(program, data, lambda example, prediction: True, concurrency=128)
    except KeyboardInterrupt as interrupt:
        told = time.monotonic(), type(interrupt).__name__, len(interrupt.report.rows)
        sys.stdout.write("{} {} {}\n".format(*told))
        sys.stdout.flush()
        if sys.argv[2] == "leave":
            raise
sys.stdin.readline()
sys.stdout.write(f"{lm('Still there?').text} {lm.usage.calls} {lm.usage.failed}\n")
