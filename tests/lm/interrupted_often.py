"""A process of its own that is interrupted at any moment of thousands of calls.

`interrupted_often.py URL SECONDS` says how many prompts were answered, and how many
interrupts came.
"""

import random
import signal
import sys
import time

from dspnb import LM
from dspnb.lm.cache import Cache


def interrupt(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGALRM, interrupt)
# An interrupt that hits a finalizer is dropped by Python, which says so at length.
sys.unraisablehook = lambda _: None
lm = LM("openai/echo", api_base=sys.argv[1], price=(0, 0), cache=Cache())
end, answered, interrupts = time.monotonic() + float(sys.argv[2]), 0, 0
while time.monotonic() < end:
    prompt, call = f"call {answered}", lm if answered % 2 else lm.stream
    heard = {} if answered % 2 else {"on_text": len}
    while True:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00001, 0.001))
            completion = call(prompt, **heard)
            signal.setitimer(signal.ITIMER_REAL, 0)
            break
        except KeyboardInterrupt:
            interrupts += 1
    assert completion.text == f"You said: {prompt}"
    answered += 1
sys.stdout.write(f"{answered} {interrupts}\n")
