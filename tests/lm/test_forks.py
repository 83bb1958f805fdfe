"""A forked process can use what other threads of its parent were using just then."""

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from dspnb import LM, Cache, Embedder
from dspnb.lm import forks
from dspnb.lm.disk import Disk
from dspnb.lm.flights import Flights
from dspnb.lm.ledger import Ledger
from dspnb.lm.usage import Count

ROOT = Path(__file__).parents[2]

FORKED = """
import os, signal, threading, warnings
from dspnb import Cache, Completion
from dspnb.lm.answered import Answered
from dspnb.lm.ledger import Ledger
from dspnb.lm.usage import Count

warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
said, over = Completion("hello"), threading.Event()
USES = {
    "cache": (cache := Cache(most=10), lambda: [cache.put(str(i), said) for i in range(100)]),
    "ledger": (book := Ledger(), lambda: book.add(said, model="m")),
    "count": (count := Count(), lambda: count.add(said)),
    "replay": (answered := Answered("m"), lambda: answered.again("a", said, None)),
}
use = USES["NAME"][1]

def work():
    while not over.is_set():
        use()

threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(50):
    child = os.fork()
    if child == 0:
        signal.alarm(3)  # kills it if it waits for ever
        use()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
over.set()
for thread in threads:
    thread.join()
"""

needs_forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@needs_forks
@pytest.mark.parametrize("name", ["cache", "ledger", "count", "replay"])
def test_a_child_may_use_what_threads_of_its_parent_use(name):
    code = FORKED.replace("NAME", name)

    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT, timeout=60)


@pytest.mark.parametrize(
    "make",
    [
        Cache, Flights, Ledger, Count, lambda: Disk(Path("nowhere")), lambda: LM("offline"),
        lambda: Embedder("offline"),
    ],
)  # fmt: skip
def test_what_is_used_no_longer_goes(make):
    gone = weakref.ref(make())
    gc.collect()

    assert gone() is None


class Told:
    """Writes down when it is told of a fork."""

    def __init__(self):
        self.heard = []
        self.lock = forks.lock(before=self.before, in_child=self.in_child)

    def before(self):
        self.heard.append(("before", self.lock.locked()))

    def in_child(self):
        self.heard.append(("in child", self.lock.locked()))


@needs_forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_the_owner_of_a_lock_is_told_while_the_lock_is_held():
    told, gone = Told(), Told()
    del gone
    child = os.fork()
    if child == 0:
        expected = [("before", True), ("in child", True)]
        os._exit(0 if told.heard == expected and not told.lock.locked() else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert (told.heard, told.lock.locked()) == ([("before", True)], False)
