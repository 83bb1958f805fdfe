"""Source code, in a field of its own type."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError

from .media import shortened
from .validated import Validated

# From an opening fence to the first line that closes it, with nothing before or after.
FENCE = re.compile(
    r"\s*(?P<fence>`{3,}|~{3,})[^\n`~]*\n"
    r"(?P<code>(?:(?![ ]*(?P=fence)[`~]*[ \t\r]*$)[^\n]*\n)*)"
    r"[ ]*(?P=fence)[`~]*\s*",
    re.MULTILINE,
)
LANGUAGE = re.compile(r"[\w+#-]+")


class Code(str, Validated):
    r"""Source code: a text whose type names its language, `Code["sql"]`; Python if none is named.

    A Markdown fence around the whole of it is taken off.

    >>> Code["sql"]("```sql\nSELECT 1\n```")
    'SELECT 1'
    >>> Code["sql"].language, Code.language
    ('sql', 'python')
    """

    __slots__ = ()

    language: ClassVar[str] = "python"
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "description": "python code"}

    def __new__(cls, text: str = "") -> Self:
        if not isinstance(text, str):
            raise UsageError(f"`{cls.__name__}` is made of a text; got {shortened(repr(text))}.")
        return super().__new__(cls, _without_fence(text))

    def __class_getitem__(cls, language: str) -> type[Code]:
        if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
            raise UsageError(f'A language is named as in `Code["sql"]`; got {language!r}.')
        return _of_language(language)

    @property
    def code(self) -> str:
        """The text alone."""
        return str(self)

    @classmethod
    def read(cls, value: Any) -> Self:
        """Code from a text, or from a dict that has it under `code`."""
        return cls(value["code"] if isinstance(value, dict) and "code" in value else value)

    def plain(self) -> str:
        """As JSON: the text."""
        return str(self)


_LANGUAGES: dict[str, type[Code]] = {"python": Code}


def _of_language(language: str) -> type[Code]:
    known = _LANGUAGES.get(language)
    if known is not None:
        return known
    name = f"Code[{language!r}]"
    kind = type(
        name,
        (Code,),
        {
            "__slots__": (),
            "__doc__": f"Source code in {language}.",
            "__module__": __name__,
            "language": language,
            "json_schema": {"type": "string", "description": f"{language} code"},
        },
    )
    return _LANGUAGES.setdefault(language, kind)  # another thread may have been first


def __getattr__(name: str) -> type[Code]:
    """`Code['sql']` under its own name, by which pickle finds it in a new process."""
    named = re.fullmatch(rf"Code\['({LANGUAGE.pattern})'\]", name)
    if named is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _of_language(named[1])


def _without_fence(text: str) -> str:
    while fenced := FENCE.fullmatch(text):
        text = fenced["code"].removesuffix("\n").removesuffix("\r")
    return text
