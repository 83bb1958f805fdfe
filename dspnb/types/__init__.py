"""Types of fields beyond Python's own: pictures, recordings, code, tools and the like."""

from typing import Any

from .audio import Audio
from .citations import Citation, Citations
from .code import Code
from .document import Document
from .file import File
from .history import History
from .image import Image
from .reasoning import Reasoning
from .tool import Tool
from .tool_calls import ToolCalls, ToolResult, ToolResults

__all__ = [
    "NAMES",
    "Audio",
    "Citation",
    "Citations",
    "Code",
    "Document",
    "File",
    "History",
    "Image",
    "Reasoning",
    "Tool",
    "ToolCalls",
    "ToolResult",
    "ToolResults",
]

NAMES: dict[str, Any] = {  # by which an annotation names them
    kind.__name__: kind
    for kind in (
        Audio,
        Citation,
        Citations,
        Code,
        Document,
        File,
        History,
        Image,
        Reasoning,
        Tool,
        ToolCalls,
        ToolResult,
        ToolResults,
    )
}
