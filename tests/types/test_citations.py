"""Documents are cited by their own words, and words that stand nowhere are found."""

import pickle

import pytest

from dspnb import Citation, Citations, Document, UsageError

WEATHER = Document("Rain fell on Monday.\nThe  sun came back.", title="Weather")


def test_a_document_goes_to_a_model_that_cites_by_itself():
    assert WEATHER.attachment().kind == "document"
    assert WEATHER.attachment().part == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": WEATHER.text},
        "title": "Weather",
        "citations": {"enabled": True},
    }
    assert WEATHER.attachment().label == "Weather, 40 B"
    assert "title" not in Document("x").attachment().part
    assert Document("x", context="from 1950").attachment().part["context"] == "from 1950"
    assert repr(Document("ü" * 600)) == "Document(1 kB)"


def test_quotes_that_stand_in_no_document_are_found():
    citations = Citations(
        [
            Citation("Rain fell"),
            Citation("Monday. The sun\tcame"),
            Citation("snow fell"),
            Citation("rain fell"),
            Citation("  "),
        ]
    )

    missing = citations.missing([Document("Other."), WEATHER])
    assert [citation.quote for citation in missing] == ["snow fell", "rain fell", "  "]
    assert citations.missing([WEATHER.text]) == missing
    assert len(citations.missing([])) == 5


def test_citations_are_a_sequence():
    a, b, c = Citation("a"), Citation("b", 1), Citation("c")
    citations = Citations([a, b, c])

    assert citations[1] == b
    assert citations[1:] == Citations([b, c])
    assert list(reversed(citations)) == [c, b, a]
    assert b in citations and len(citations) == 3
    assert {citations, pickle.loads(pickle.dumps(citations))} == {Citations((a, b, c))}


@pytest.mark.parametrize(
    "value",
    [
        {"quote": "Rain", "document": 1, "title": "Weather", "start": 0, "end": 4},
        {
            "type": "char_location",
            "cited_text": "Rain",
            "document_index": 1,
            "document_title": "Weather",
            "start_char_index": 0,
            "end_char_index": 4,
        },
    ],
)
def test_a_citation_is_read_as_anthropic_writes_it_too(value):
    assert Citation.read(value) == Citation("Rain", 1, "Weather", 0, 4)


def test_a_citation_may_be_a_quote_alone():
    assert Citations(["Rain"]) == Citations.read({"citations": [{"quote": "Rain"}]})
    assert Citation.read({"cited_text": "Rain", "document_title": None}) == Citation("Rain")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Citations("Rain"), "are made of a list; got 'Rain'"),
        (lambda: Citations({"quote": "x"}), "are made of a list"),
        (lambda: Citations([3]), "A citation is written"),
        (lambda: Citations([{"quote": 3}]), "A citation is written"),
        (lambda: Citation.read({"quote": "x", "document": "first"}), "are whole numbers"),
        (lambda: Document(3), "The `text` of a `Document` is a text; got 3"),
        (lambda: Document("x", title=3), "The `title` of a `Document` is a text"),
        (lambda: Document.read(3), "A `Document` is made of a text"),
    ],
)
def test_what_is_no_citation_or_document_is_said(make, said):
    with pytest.raises(UsageError) as caught:
        make()

    assert said in str(caught.value)
