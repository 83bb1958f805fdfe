"""The simulated model over HTTP is the simulated model."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM, Predict, data, use
from dspnb.simulation import Simulated

SERVE = Path(__file__).parent.parent / "bench/study/serve.py"
BENCHMARK = data.benchmark("negation")


@pytest.fixture
def prompts():
    program = BENCHMARK.program()
    return [program.messages(**one.inputs) for one in BENCHMARK.examples(12)]


def over(url, key=KEY):
    return LM("openai/simulated", api_base=url, api_key=key, cache=False)


def test_it_gives_the_same_answers_as_in_process(prompts):
    model = Simulated(BENCHMARK, seed=3)
    with running(model) as server:
        lm = over(server.url)
        found = [lm(prompt).text for prompt in prompts]
        samples = lm(prompts[0], n=4).samples

    assert found == [model.text(prompt) for prompt in prompts]
    assert [one.text for one in samples] == [model.text(prompts[0], i) for i in range(4)]


def test_a_program_does_the_same_over_it():
    examples = BENCHMARK.examples(12)
    with running(Simulated(BENCHMARK)) as server, use(lm=over(server.url)):
        there = [BENCHMARK.program()(**one.inputs) for one in examples]
    with use(lm=Simulated(BENCHMARK)):
        here = [BENCHMARK.program()(**one.inputs) for one in examples]

    assert there == here


def test_a_server_that_samples_answers_anew_above_temperature_0():
    model = Simulated(BENCHMARK)
    asks = Predict("examples -> new_instructions")
    prompt = asks.messages(examples=BENCHMARK.rules[0].texts[0])  # whose answers all differ
    with running(model) as server:
        server.samples = True
        lm = over(server.url)
        cold = [lm(prompt, temperature=0).text for _ in range(3)]
        warm = [lm(prompt, temperature=1.0).text for _ in range(3)]
        more = [one.text for one in lm(prompt, temperature=1.0, n=2).samples]

    assert len(set(warm)) == 3
    assert cold == [model.text(prompt)] * 3
    assert [*warm, *more] == [model.text(prompt, i) for i in range(5)]


def test_a_script_serves_it_to_anybody(prompts):
    command = [sys.executable, SERVE, "negation", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            first = process.stdout.readline()
            answer = over(first.split()[-1], "any")(prompts[0]).text
        finally:
            process.send_signal(signal.SIGINT)

    assert first.startswith("Serving simulated/negation-3-1 at http://127.0.0.1:")
    assert answer == Simulated(BENCHMARK, seed=3).text(prompts[0])
    assert process.returncode == 0
