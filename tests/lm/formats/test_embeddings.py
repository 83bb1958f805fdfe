"""Embeddings: texts are sent, vectors are read in the order of the texts."""

import base64
import json
import struct

import pytest

from dspnb.errors import RateLimited, ServerFailed, UsageError
from dspnb.lm.formats import embeddings


def packed(*numbers):
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def answer(*vectors, **more):
    data = [{"index": i, "embedding": vector} for i, vector in enumerate(vectors)]
    return {"object": "list", "data": data, **more}


def test_texts_and_parameters_are_sent():
    body = embeddings.body("m", ("é", "b"), {"dimensions": 2, "extra_body": {"task": "x"}})

    assert json.loads(body) == {"model": "m", "input": ["é", "b"], "dimensions": 2, "task": "x"}


def test_a_parameter_that_is_no_json_is_named():
    with pytest.raises(UsageError, match="`mine` cannot be sent"):
        embeddings.body("m", ["a"], {"mine": object()})


@pytest.mark.parametrize(
    "vectors", [([1, 2.5], [0.0, -1.0]), (packed(1, 2.5), packed(0, -1))], ids=["lists", "base64"]
)
def test_vectors_are_read(vectors):
    found = embeddings.read(answer(*vectors, usage={"prompt_tokens": 4}), "m", ["a", "b"])

    assert found == embeddings.Embedded(([1.0, 2.5], [0.0, -1.0]), 4)
    assert all(type(number) is float for vector in found.vectors for number in vector)


def test_vectors_come_in_the_order_of_the_texts():
    mixed = answer([1.0], [2.0])
    mixed["data"].reverse()

    assert embeddings.read(mixed, "m", ["a", "b"]).vectors == ([1.0], [2.0])


def test_tokens_are_estimated_when_the_provider_counts_none():
    assert embeddings.read(answer([1.0]), "m", ["four letters"]).tokens == 3


@pytest.mark.parametrize(
    "found",
    [{}, {"data": [{}]}, {"data": 5}, answer("???"), answer("AAA="), answer([None]), answer(["a"])],
)
def test_what_holds_no_vectors_is_a_failure_of_the_server(found):
    with pytest.raises(ServerFailed, match="an answer without vectors"):
        embeddings.read(found, "m", ["a"])


def test_a_vector_must_come_for_each_text():
    with pytest.raises(ServerFailed, match="1 vectors for 2 texts"):
        embeddings.read(answer([1.0]), "m", ["a", "b"])


def test_an_error_inside_of_an_answer_is_raised():
    with pytest.raises(RateLimited, match="slow down"):
        embeddings.read({"error": {"code": 429, "message": "slow down"}}, "m", ["a"])
