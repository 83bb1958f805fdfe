from pathlib import Path

from dspnb.notebook.protocol import typescript

PROTOCOL = Path(__file__).parent.parent.parent / "js" / "src" / "protocol.ts"


def test_typescript_types_match_the_python_events():
    assert PROTOCOL.read_text() == typescript(), "run `make protocol`"
