"""Answers that come as `choices`, one for each sample, whole or in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dspnb.errors import ConnectionLost
from dspnb.lm.base import Completion
from dspnb.lm.request import Request

from .failures import MISSHAPEN, failed, no_answer
from .samples import Sample, together, word

Take = Callable[[Sample, Mapping[str, Any]], str]  # adds a choice to its sample, gives its text


def read(take: Take, answer: Mapping[str, Any], model: str, request: Request | None) -> Completion:
    """A whole answer."""
    try:
        samples = []
        for choice in answer["choices"]:
            sample = Sample(finish=word(choice.get("finish_reason")))
            take(sample, choice)
            sample.logprobs = choice.get("logprobs")
            samples.append(sample)
        if answer.get("citations"):  # Perplexity's addresses
            samples[0].citations += flat([answer["citations"]])
        return together(samples, model, answer.get("usage"), request)
    except MISSHAPEN:
        raise no_answer(answer, model) from None


class ChunkReader:
    """Adds the chunks of a stream up, by the index of the sample they belong to."""

    def __init__(
        self,
        take: Take,
        model: str,
        on_text: Callable[[str], object],
        request: Request | None,
    ) -> None:
        self._take, self._model, self._on_text, self._request = take, model, on_text, request
        self._samples: dict[int, Sample] = {}
        self._usage: Any = None
        self._citations: Any = None

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take in a chunk."""
        try:
            text = self._add(event)
        except MISSHAPEN:
            raise no_answer(event, self._model) from None
        if text:
            self._on_text(text)

    def close(self, *, done: bool = False) -> Completion:
        """The sum of all chunks."""
        samples = [sample for _, sample in sorted(self._samples.items())]
        if not samples or not (done or any(sample.finish for sample in samples)):
            raise ConnectionLost("the provider cut its answer short; ask again", model=self._model)
        if self._citations:
            samples[0].citations += flat([self._citations])
        return together(samples, self._model, self._usage, self._request)

    def _add(self, event: Mapping[str, Any]) -> str:
        """Add a chunk; gives the text that it has for the first sample."""
        if event.get("error") or event.get("object") == "error":
            raise failed(event.get("error") or event, self._model)
        self._usage = event.get("usage") or self._usage
        self._citations = event.get("citations") or self._citations
        first = ""
        for choice in event.get("choices") or ():
            index = choice.get("index") or 0
            if not isinstance(index, int):
                raise TypeError
            sample = self._samples.get(index)
            if sample is None:
                sample = self._samples[index] = Sample()
            text = self._take(sample, choice)
            if choice.get("logprobs"):
                sample.add_logprobs(choice["logprobs"])
            sample.finish = word(choice.get("finish_reason")) or sample.finish
            if index == 0:
                first += text
        return first


def flat(found: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Citations, which come one by one, in lists, or under a name, as one list.

    >>> flat([[{"type": "url_citation", "url_citation": {"url": "a"}}], ["b"]])
    [{'url': 'a'}, {'url': 'b'}]
    """
    cited: list[Mapping[str, Any]] = []
    for one in found:
        match one:
            case str(url):
                cited.append({"url": url})
            case {"url_citation": inner} | {"citations": inner} | {"citation": inner}:
                cited += flat([inner])
            case {"cited_text": _} | {"url": _}:
                cited.append(one)
            case [*inner]:
                cited += flat(inner)
    return cited
