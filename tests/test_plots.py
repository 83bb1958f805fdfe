import itertools
import subprocess
import sys

import pytest

from dspnb import Example, Report
from dspnb.evaluate import Row
from dspnb.events import BestChanged, Compared, Evaluated, EventLog, Started
from dspnb.example import Score
from dspnb.plots import report_figure, run_figure

EXAMPLE = Example(q="1").with_inputs("q")


class Searched:
    """A run that says these."""

    def __init__(self, *bodies):
        self.log = EventLog()
        for body in bodies:
            self.log.append(body)


def searched(n, *more):
    """So many candidates, each a little better than the one before."""
    bodies = [Started("MIPROv2", 9, 100, 150, False, "")]
    for i in range(n):
        mean = 0.4 + 0.4 * i / max(1, n)
        bodies += [Evaluated(i, "val", mean, mean - 0.1, mean + 0.1, 100, 0), BestChanged(i, mean)]
    return Searched(*bodies, *more)


def held_out(best, returned=True):
    return (
        Evaluated(0, "test", 0.61, 0.53, 0.68, 150, 0),
        Evaluated(best, "test", 0.72, 0.64, 0.79, 150, 2),
        Compared(0, best, 0.61, 0.72, 0.113, 0.03, 0.19, 0.99, 31, 14, 0.78, 150, 1, returned),
    )


def report(scores, failed=0, metric="exact"):
    rows = [Row(EXAMPLE, None, Score(score)) for score in scores]
    return Report([*rows, *(Row(EXAMPLE, None, Score(0.0), "no answer"),) * failed], metric)


def raced(*leads):
    """Candidates that were scored on some examples each, and which of them led when."""
    started = Started("Race", 9, 100, 0, False, "")
    scored = [
        Evaluated(0, "val", 0.0, 1e-17, 0.3, 10, 0),  # a rounding error
        Evaluated(1, "val", 0.5, 0.4, 0.6, 80, 0),
        Evaluated(2, "val", 0.9, 0.5, 1.0, 5, 0),
    ]
    return Searched(started, *scored, *leads)


FIGURES = {
    "validated in part": lambda: run_figure(raced(BestChanged(1, 0.5))),
    "no candidate": lambda: run_figure(searched(0)),
    "1 candidate": lambda: run_figure(searched(1)),
    "8 candidates": lambda: run_figure(searched(8)),
    "200 candidates": lambda: run_figure(searched(200)),
    "a comparison": lambda: run_figure(searched(200, *held_out(199, returned=False))),
    "nothing better": lambda: run_figure(searched(1, *held_out(0))),
    "right and wrong": lambda: report_figure(report([1] * 97 + [0] * 48, failed=5)),
    "1 example": lambda: report_figure(report([1])),
    "continuous": lambda: report_figure(report([i / 99 for i in range(100)], failed=4)),
    "far from 0 to 1": lambda: report_figure(report([-3.5, 2.0, 120.0])),
    "no example": lambda: report_figure(report([])),
}


def texts_of(figure):
    """Each text that is drawn, with its place."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    FigureCanvasAgg(figure).draw()
    hidden = set().union(*map(_hidden, figure.axes))
    return [
        (text.get_text(), text.get_window_extent())
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text() and text not in hidden
    ]


def _hidden(axes):
    """Matplotlib makes ticks beyond the ends of an axis, and of no axis, and draws neither."""
    for axis, at in ((axes.xaxis, 0), (axes.yaxis, 1)):
        low, high = sorted(axis.get_view_interval())
        for label in axis.get_ticklabels():
            if not axes.axison or not low <= label.get_position()[at] <= high:
                yield label


def words(figure):
    return " | ".join(text for text, _ in texts_of(figure))


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_lies_on_another_or_outside(name):
    figure = FIGURES[name]()

    texts = texts_of(figure)
    page = figure.bbox
    overlapping = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(texts, 2)
        if a.shrunk(0.98, 0.98).overlaps(b.shrunk(0.98, 0.98))
    ]
    assert overlapping == []
    assert [text for text, at in texts if at.x0 < -1 or at.x1 > page.width + 1] == []
    assert [text for text, at in texts if at.y0 < -1 or at.y1 > page.height + 1] == []


def test_a_run_shows_its_candidates_the_best_so_far_and_the_baseline():
    figure = run_figure(searched(8))

    assert len(figure.axes) == 1
    assert "score on validation (n = 100)" in words(figure)
    assert "best: 7" in words(figure)
    named = figure.axes[0].get_legend_handles_labels()[1]
    assert {"baseline", "best so far", "candidate, 95% interval"} <= set(named)


def test_a_comparison_stands_beside_the_search():
    told = words(run_figure(searched(8, *held_out(7))))

    assert "score held out (n = 150)" in told
    assert "baseline (0)" in told and "best (7)" in told
    assert "best minus baseline: +0.113" in told
    assert "not distinguishable" not in told


def test_that_the_baseline_is_returned_is_said():
    assert "not distinguishable" in words(run_figure(searched(8, *held_out(7, returned=False))))
    assert "nothing beat the baseline" in words(run_figure(searched(1, *held_out(0))))


def test_zeros_and_ones_are_counted_as_right_wrong_and_failed():
    figure = report_figure(report([1] * 97 + [0] * 48, failed=5))

    assert [round(bar.get_width()) for bar in figure.axes[0].patches] == [97, 48, 5]
    assert "exact, n = 150" in words(figure)
    assert "mean 0.647, 95% interval 0.567 to 0.719" in words(figure)


def test_other_scores_are_a_histogram_that_shows_what_failed():
    figure = report_figure(report([i / 99 for i in range(100)], failed=4))

    assert sum(bar.get_height() - bar.get_y() for bar in figure.axes[0].patches[:20]) == 100
    assert "answered: 100" in words(figure) and "failed: 4" in words(figure)


def test_pyplot_is_left_alone():
    code = (
        "from dspnb import Report; import sys; Report([]).plot(); "
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_best_so_far_follows_what_leads_rather_than_the_highest_mean_of_few():
    leads = BestChanged(0, 0.0), BestChanged(1, 0.4), BestChanged(2, 0.6), BestChanged(1, 0.55)
    axes = run_figure(raced(*leads)).axes[0]
    (stairs,) = [line for line in axes.lines if line.get_label() == "best so far"]

    assert [*stairs.get_xdata()] == [0, 1, 2, 2]  # to the right, a step a candidate
    assert [*stairs.get_ydata()] == [0.0, 0.4, 0.55, 0.55]
    assert axes.get_ylabel() == "score on validation (n = 5 to 80)"
