"""Pictures as data URIs that may stand in a page and are small enough to be saved with it."""

from __future__ import annotations

import base64
import io
import re
import warnings

MOST = 300_000  # characters of a data URI
SHOWN = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")


def small(url: str, most: int = MOST, side: int = 512) -> str:
    """The picture's data URI if it has at most so many characters, else that of a smaller picture.

    Of that one, the longer side has `side` pixels. Empty when there is none.

    >>> small("https://example.org/a.png"), small("data:image/png;base64,iVBORw0KGgo=")
    ('', 'data:image/png;base64,iVBORw0KGgo=')
    """
    if SHOWN.fullmatch(url) and len(url) <= most:
        return url
    url = _smaller(url, side) if url.startswith("data:image/") else ""
    return url if len(url) <= most else ""


def _smaller(url: str, side: int) -> str:
    from PIL import Image  # matplotlib needs it, so it is there

    data, written = base64.b64decode(url.partition(",")[2]), io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture: Image.Image = Image.open(io.BytesIO(data))
            picture.thumbnail((side, side))
            kind = "PNG" if picture.has_transparency_data else "JPEG"
            picture.convert("RGBA" if kind == "PNG" else "RGB").save(written, kind)
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return ""  # broken, far too large, or of a kind that Pillow does not know
    return f"data:image/{kind.lower()};base64,{base64.b64encode(written.getvalue()).decode()}"
