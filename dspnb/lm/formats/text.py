"""Legacy completions: one text in, its continuation out, for models that were not taught to chat.

A lone message of the user is the prompt, as it is. More of them become

    What the system says.

    User: a question

    Assistant: its answer

    User: another question

    Assistant:

and the model is stopped when it goes on to speak for the user, unless `stop` is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dspnb.errors import UsageError
from dspnb.lm.base import Completion, Message
from dspnb.lm.request import Request

from . import choices, params
from .choices import ChunkReader
from .samples import Sample

_NAMES = {"user": "User: ", "assistant": "Assistant: ", "system": "", "tool": "Tool: "}


@dataclass(frozen=True)
class Text:
    """Legacy completions, whole or streamed.

    >>> from dspnb.lm.base import Message
    >>> Text().body("m", Request((Message.of("user", "Once"),), {}), stream=False)
    b'{"model": "m", "prompt": "Once"}'
    """

    path: ClassVar[str] = "/completions"

    counts: bool = True  # whether the server understands that a stream should end with its usage

    def body(self, model: str, request: Request, *, stream: bool) -> bytes:
        """One prompt."""
        told: dict[str, Any] = {"model": model, "prompt": prompt(request.messages)}
        if _is_dialogue(request.messages):
            told["stop"] = ["\n\nUser:"]
        if stream:
            told |= {"stream": True}
            told |= {"stream_options": {"include_usage": True}} if self.counts else {}
        return params.dumped(told | _told(request.params)).encode()

    def read(
        self, answer: Mapping[str, Any], model: str, request: Request | None = None
    ) -> Completion:
        """A whole answer."""
        return choices.read(_take_text, answer, model, request)

    def reader(
        self, model: str, on_text: Callable[[str], object], request: Request | None = None
    ) -> ChunkReader:
        """A stream of chunks."""
        return ChunkReader(_take_piece, model, on_text, request)


def prompt(messages: Sequence[Message]) -> str:
    """Messages as one text.

    >>> prompt([Message.of("system", "Be brief."), Message.of("user", "Why?")])
    'Be brief.\\n\\nUser: Why?\\n\\nAssistant:'
    """
    for message in messages:
        if any(block.attachment for block in message.blocks) or message.tool_calls:
            raise UsageError(
                "A model of kind `text` gets one text; got an attachment or a call of a tool. "
                'Use `kind="chat"`.'
            )
    if not _is_dialogue(messages):
        return messages[0].content
    turns = [_NAMES[message.role] + message.content for message in messages]
    return "\n\n".join([*turns, "Assistant:"])


def _is_dialogue(messages: Sequence[Message]) -> bool:
    return len(messages) > 1 or messages[0].role != "user"


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the names they have here."""
    told = params.plain(given)
    if "max_completion_tokens" in told:
        told["max_tokens"] = told.pop("max_completion_tokens")
    alternatives = told.pop("top_logprobs", None)
    match told.get("logprobs"):
        case True:
            told["logprobs"] = alternatives or 1
        case False:
            del told["logprobs"]
    return told


def _take_text(sample: Sample, choice: Mapping[str, Any]) -> str:
    sample.text.append(choice["text"])
    return ""


def _take_piece(sample: Sample, choice: Mapping[str, Any]) -> str:
    text: str = choice.get("text") or ""
    if not isinstance(text, str):
        raise TypeError
    if text:
        sample.text.append(text)
    return text
