"""The line of a magic: its arguments, and what is shown when it is wrong."""

from __future__ import annotations

import ast
import functools
import shlex
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from IPython.core.error import UsageError as IPythonUsageError
from IPython.core.magic_arguments import parse_argstring

from dspnb.errors import DspnbError, UsageError

Magic = TypeVar("Magic", bound=Callable[..., Any])


def parsed(magic: Any, line: str) -> Any:
    """The arguments in a line; a comment at its end is left out."""
    return parse_argstring(magic, without_comment(line))


def unquoted(magic: Any, line: str) -> Any:
    """The same, with the quotes taken off texts, such as a path with blanks in it."""
    given = parsed(magic, line)
    for name, value in vars(given).items():
        if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] in "\"'":
            setattr(given, name, value[1:-1])
    return given


def without_comment(line: str) -> str:
    """The line up to a `#` that begins a word outside quotes.

    >>> without_comment("offline  # no key"), without_comment("'a # b'")
    ('offline', "'a # b'")
    """
    quote = ""
    for i, character in enumerate(line):
        if character in "\"'":
            quote = "" if character == quote else quote or character
        elif character == "#" and not quote and (i == 0 or line[i - 1].isspace()):
            return line[:i].rstrip()
    return line


def plain_errors(magic: Magic) -> Magic:
    """Show our errors as one line, as IPython shows its own. Others keep their traceback."""

    @functools.wraps(magic)
    def shown(*args: Any, **kwargs: Any) -> Any:
        try:
            return magic(*args, **kwargs)
        except UsageError as error:
            raise IPythonUsageError(str(error)) from None
        except DspnbError as error:
            raise IPythonUsageError(f"{type(error).__name__}: {error}") from None

    return shown  # type: ignore[return-value]


def settings(words: list[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """`name=value` words as keyword arguments.

    A value is a Python literal, the name of a variable, or else a text.
    """
    given = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"Values are given as `name=value`; got {word!r}.")
        given[name] = _value(text, namespace)
    return given


def words(line: str) -> list[str]:
    """The words of a line; quotes keep blanks together."""
    try:
        return shlex.split(without_comment(line))
    except ValueError as error:
        raise UsageError(f"The line cannot be read: {error}.") from None


def _value(text: str, namespace: Mapping[str, Any]) -> Any:
    if text in namespace:
        return namespace[text]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
