"""Server-sent events out of bytes as the network brings them, cut anywhere."""

from __future__ import annotations

DONE = b"[DONE]"


class Events:
    """The payloads of a stream of events; names, numbers and comments are left out.

    >>> events = Events()
    >>> events.feed(b'data: {"a"'), events.feed(b': 1}\\n\\n: still here\\n\\ndata: [DONE]\\n\\n')
    ([], [b'{"a": 1}'])
    >>> events.done
    True
    """

    def __init__(self) -> None:
        self.done = False  # whether the server has declared the end of the stream
        self._line = b""  # one that has not ended yet
        self._data: list[bytes] = []  # of an event that has not ended yet

    def feed(self, data: bytes) -> list[bytes]:
        """The events that end in these bytes."""
        *lines, self._line = (self._line + data).split(b"\n")
        found: list[bytes] = []
        for line in lines:
            if line.endswith(b"\r"):
                line = line[:-1]
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and self._data:
                self._end(found)
        return found

    def close(self) -> list[bytes]:
        """The last event, when the connection ended without the empty line behind it."""
        found = self.feed(b"\n")
        if self._data:
            self._end(found)
        return found

    def _end(self, found: list[bytes]) -> None:
        payload = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        if payload.strip() == DONE:
            self.done = True
        elif payload:
            found.append(payload)
