"""The shipped tickets are neither trivial nor hopeless, and give nothing away."""

import math
import re
from collections import Counter, defaultdict

from dspnb import data, split

ROWS = data.tickets()
TEAMS = {
    "logistics": 90,
    "finance": 80,
    "hardware": 70,
    "software": 60,
    "identity": 50,
    "aftersales": 40,
    "sales": 30,
    "trust": 20,
}


def test_there_are_440_tickets_of_eight_uneven_teams():
    assert len(ROWS) == 440
    assert Counter(row.team for row in ROWS) == TEAMS
    assert Counter(row.urgency for row in ROWS).keys() == {"low", "normal", "high"}
    assert all(row.inputs.keys() == {"ticket"} for row in ROWS)


def test_no_ticket_holds_a_teams_name_or_its_stem():
    given_away = re.compile(
        r"financ|logistic|after-?\s?sales?|identit|identif|hardware|software|\bsales?\b|trust",
        re.IGNORECASE,
    )

    assert [row.ticket for row in ROWS if given_away.search(row.ticket)] == []


def test_no_two_tickets_are_alike():
    words = [frozenset(re.findall(r"\w+", row.ticket.lower())) for row in ROWS]

    alike = [
        (i, j)
        for i in range(len(words))
        for j in range(i)
        if len(words[i] & words[j]) > 0.7 * len(words[i] | words[j])
    ]
    assert alike == []


def test_tickets_are_short_and_long_and_some_hold_markup():
    lengths = [len(row.ticket.split()) for row in ROWS]

    assert sum(n <= 12 for n in lengths) > 60
    assert sum(n >= 70 for n in lengths) > 60
    assert any("<script>" in row.ticket for row in ROWS)


def test_a_bag_of_words_is_neither_near_chance_nor_near_perfect():
    """A multinomial naive Bayes with add-one smoothing, on three fifths of the tickets."""
    scores = []
    for seed in range(5):
        train, test, _ = split(ROWS, "60/40", seed=seed)
        scores.append(sum(bayes(train)(row.ticket) == row.team for row in test) / len(test))

    mean = sum(scores) / len(scores)
    assert 0.45 < mean < 0.85  # the largest team alone would give 0.20


def bayes(train):
    counts, priors = defaultdict(Counter), Counter(row.team for row in train)
    for row in train:
        counts[row.team].update(re.findall(r"\w+", row.ticket.lower()))
    vocabulary = len({word for bag in counts.values() for word in bag})

    def classify(text):
        def score(team):
            total = counts[team].total() + vocabulary
            seen = re.findall(r"\w+", text.lower())
            known = sum(math.log((counts[team][word] + 1) / total) for word in seen)
            return math.log(priors[team]) + known

        return max(priors, key=score)

    return classify
