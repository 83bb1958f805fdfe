import threading
import tracemalloc

from dspnb.events import Called, EventLog, Phase, Scored


def test_a_hundred_thousand_scored_examples_and_calls_are_small():
    tracemalloc.start()
    log = EventLog()
    for i in range(10_000):
        log.append(Scored(i // 100, i % 100, i / 10_000, "val"))
        log.append(Called(i, "self.predict", 300 + i, 300 + i, i / 1e6, i / 1e5, False))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert 10 * size < 62_000_000  # bytes


def test_a_reader_may_join_late_and_leaves_when_the_log_is_closed():
    log = EventLog()
    for name in ("a", "b", "c"):
        log.append(Phase(name))
    log.close()

    assert [[event.body.name for event in batch] for batch in log.batches(1)] == [["b", "c"]]
    assert list(log.batches(3)) == []


def test_a_reader_that_asks_for_it_is_told_that_nothing_happens():
    log, batches = EventLog(), []

    def close_after_the_third():
        for batch in log.batches(every=0.001):
            batches.append(batch)
            if len(batches) == 3:
                log.close()

    reader = threading.Thread(target=close_after_the_third)
    reader.start()
    reader.join(10)

    assert batches == [[], [], []]
