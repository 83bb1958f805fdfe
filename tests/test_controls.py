"""The flags that a run looks at before each step."""

import threading

import pytest

from dspnb.controls import Controls, Stop


def test_a_pause_after_a_stop_does_not_hold_up_the_end():
    controls = Controls()
    controls.stop("by me")
    controls.pause()

    assert not controls.paused
    with pytest.raises(Stop, match="by me"):
        controls.checkpoint()


def test_a_checkpoint_waits_while_paused_and_the_first_reason_counts():
    controls, ended = Controls(), threading.Event()
    controls.pause()
    first = controls.paused_seconds

    def work():
        try:
            controls.checkpoint()
        except Stop as stop:
            controls.said = str(stop)
        ended.set()

    threading.Thread(target=work, daemon=True).start()
    assert not ended.wait(0.05)
    assert controls.paused_seconds > first
    controls.stop("first")
    controls.stop("second")

    assert ended.wait(5)
    assert controls.said == "first"
    assert controls.paused_seconds == controls.paused_seconds > 0.05


def test_pauses_are_added_up():
    controls = Controls()
    assert controls.paused_seconds == 0
    for _ in range(2):
        controls.pause()
        controls.pause()
        before = controls.paused_seconds
        controls.resume()
        controls.resume()

    assert controls.paused_seconds >= before > 0
