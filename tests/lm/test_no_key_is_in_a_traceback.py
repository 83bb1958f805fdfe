"""However a model cannot be made, a traceback with the values of variables shows no key."""

import atexit
import traceback

import pytest
from IPython.core.interactiveshell import InteractiveShell
from servers.offline_over_http import KEY

from dspnb import LM, Embedder, UsageError

TELLTALE = KEY.removeprefix("sk-")[:8]
GIVEN = (
    'api_key=key(), extra_headers={"Authorization": key()}, aws_secret_access_key=key(), '
    "aws_session_token=key()"
)
BOTH = [
    f"'openai/x', {GIVEN}, num_retries=3",
    f"'openai/x', {GIVEN}, retries=-1",
    f"'openai/x', {GIVEN}, retries='3'",
    f"'openai/x', {GIVEN}, timeout='soon'",
    f"'openai/x', {GIVEN}, concurrency=0",
    f"'openai/x', {GIVEN}, price='cheap'",
    f"'openai/x', {GIVEN}, cache='yes'",
    f"'openai/x', {GIVEN}, api_base='http://['",
    f"'openai/x', {GIVEN}, api_base=5",
    f"'azure/x', {GIVEN}",
    f"'litellm_proxy/x', {GIVEN}",
    f"'x', {GIVEN}",
    f"'', {GIVEN}",
    f"None, {GIVEN}",
    f"['openai/x'], {GIVEN}",
    f"5, {GIVEN}",
    f"{GIVEN}",
    "'openai/x', api_key=key(), extra_headers=key()",
    "'openai/x', api_key=key(), extra_headers={'Authorization': [key()]}",
    "'anthropic/x', api_key=key(), extra_headers={5: key()}",
    "'offline', latency='x', retries=[], api_key=key()",
]
CALLS = [
    *(f"{kind}({given})" for kind in ("LM", "Embedder") for given in BOTH),
    f"LM('openai/x', {GIVEN}, kind='images')",
    f"LM('openai/x', {GIVEN}, kind=['chat'])",
    f"LM('anthropic/x', {GIVEN}, kind='text')",
    f"LM('openai/x', {GIVEN}, supports='tools')",
    f"LM('openai/x', {GIVEN}, supports=['magic'])",
    f"LM('openai/x', {GIVEN}, supports=5)",
    f"LM('openai/x', {GIVEN}, supports=[[]])",
    f"LM('openai/x', {GIVEN}, price=('a', 'b'))",
    f"Embedder('offline', {GIVEN})",
    f"Embedder(len, {GIVEN})",
    f"Embedder('openai/x', {GIVEN}, dimensions=0)",
    f"Embedder('openai/x', {GIVEN}, batch_size='x')",
]
WHEN_CALLED = [
    "LM('openai/x', api_key=key() + '\\u2014')('hello')",
    "LM('openai/x', api_key=key(), extra_headers={'X-Team': key() + '\\n'})('hello')",
    "LM('openai/x', api_key=key(), api_base='http://127.0.0.1:9')('hello')",
    "LM('openai/x', api_key=key(), retries=0)('hello', weird=object())",
    "LM('openai/x', api_key=key())(5)",
    "Embedder('openai/x', api_key=key() + '\\u2014')('hello')",
]


@pytest.fixture(scope="module")
def shell():
    made = InteractiveShell()
    atexit.unregister(made.atexit_operations)
    made.run_line_magic("xmode", "Verbose")
    made.push({"LM": LM, "Embedder": Embedder, "key": lambda: KEY, "formatted": formatted})
    return made


def formatted(error):
    """A traceback with all variables of each frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize("call", [*CALLS, *WHEN_CALLED])
@pytest.mark.parametrize("environment", [False, True])
def test_a_traceback_with_variables_shows_no_key(shell, call, environment, monkeypatch, capsys):
    monkeypatch.setenv("MY_API_KEY", KEY)
    for name in ("AZURE_API_BASE", "LITELLM_PROXY_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    if environment:
        call = call.replace("key()", "'none'", 1)
    shell.user_ns.pop("shown", None)  # it would stand in itself, twice as long each time
    shell.run_cell(call)
    # Behind another error, ours is shown with all of its frames.
    shell.run_cell(f"try:\n    {call}\nexcept Exception as e:\n    raise KeyError('mine') from e")
    shown = "".join(capsys.readouterr())
    shell.run_cell(f"try:\n    {call}\nexcept Exception as e:\n    shown = formatted(e)")

    assert "KeyError" in shown
    assert TELLTALE not in shown
    assert TELLTALE not in shell.user_ns["shown"]


def test_an_address_that_is_none_is_said_without_its_login():
    with pytest.raises(UsageError, match=r"got 'ftp://\*\*\*@example.com' for `openai`"):
        LM("openai/x", api_base=f"ftp://me:{KEY}@example.com")
