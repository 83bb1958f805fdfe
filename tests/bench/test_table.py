"""Figures, ratios and targets as the bench's table has them."""

import json

from bench.table import Line, Target, heading, written


def test_the_ratio_is_the_median_of_those_within_a_round():
    line = Line("call", [10, 30, 20], [100, 100, 400])

    assert line.ratio == 0.1
    assert line.markdown() == "| call | 20 [10, 30] | 100 [100, 400] | 0.1 |  |  |"


def test_a_target_is_met_or_missed():
    assert Line("call", [10], [100], Target("ratio", most=0.1)).verdict == "ok"
    assert Line("call", [11], [100], Target("ratio", most=0.1)).verdict == "MISSED"
    assert Line("efficiency", [0.9], target=Target("dspnb", least=0.95)).verdict == "MISSED"
    assert Line("calls left", [0], [32], Target("dspnb", most=0)).verdict == "ok"


def test_a_target_may_have_two_ends():
    line = Line("coverage", [97.5], target=Target("dspnb", least=93, most=97))

    assert line.verdict == "MISSED"
    assert line.markdown() == "| coverage | 97.5 |  |  | 93 to 97 | MISSED |"


def test_what_could_not_be_measured_missed_its_target():
    assert Line("hit", [], [100], Target("ratio", most=0.1)).verdict == "MISSED"


def test_without_the_other_side_there_is_no_ratio_to_judge():
    line = Line("call", [10], target=Target("ratio", most=0.1))

    assert line.ratio is None and line.verdict == ""


def test_the_table_is_written_as_markdown_or_json():
    line = Line("call", [1234.5], [2469], Target("ratio", most=0.5), "alone")

    assert written([line], "Here.", as_json=False) == (
        f"Here.\n\n{heading()}\n| call | 1,234 | 2,469 | 0.5 | ratio ≤ 0.5 | ok alone |\n"
    )
    assert json.loads(written([line], "Here.", as_json=True))["lines"][0]["ratio"] == 0.5
