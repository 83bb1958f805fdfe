"""Sixteen threads that put and get in one cache file until the time is over, or they are killed.

    python cache_under_load.py FILE LOG SECONDS NAME

The answer to each key follows from the key, so that any process can check it. Each put that has
returned is a line in LOG, written without a buffer. A wrong answer or a warning ends with code 1.
"""

import hashlib
import os
import random
import sys
import threading
import time
import warnings

from dspnb.lm.base import Completion
from dspnb.lm.cache import Cache

THREADS = 16
NAMES = ("first", "second")


def answer_of(key):
    """Some hundred bytes, now and then far more than a page of the file holds."""
    seed = hashlib.sha256(key.encode()).digest()
    return Completion(f"{key} ü " * (1 + seed[0] % 30 + 600 * (seed[1] == 0)), tokens_in=seed[2])


def work(cache, name, thread, log, until, wrong):
    rng = random.Random(f"{name} {thread}")
    put = 0
    try:
        while time.monotonic() < until:
            dice = rng.random()
            if dice < 0.5:
                key, put = f"{name}-{thread}-{put}", put + 1
                cache.put(key, answer_of(key))
                os.write(log, f"{key}\n".encode())
                continue
            key = f"{rng.choice(NAMES)}-{rng.randrange(THREADS)}-{rng.randrange(put + 1)}"
            found = cache.get(key)
            if found not in (None, answer_of(key).again()):
                raise AssertionError(f"a wrong answer to {key}: {found}")
            if found is not None and dice > 0.9:
                cache.put(key, answer_of(key))
    except BaseException as error:
        wrong.append(error)
        raise


def main(file, log, seconds, name):
    warnings.simplefilter("error")
    cache = Cache(file, most=50)  # so few that most answers come from the file
    log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    until, wrong = time.monotonic() + float(seconds), []
    threads = [
        threading.Thread(target=work, args=(cache, name, i, log, until, wrong))
        for i in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
