"""What a recording is: a file to read, to compare and to go on with, and never a key in it."""

import asyncio
import json
import subprocess
import sys
import threading

import pytest
from pydantic import BaseModel

from dspnb import LM, Completion, Predict, Recorded, Replayed, UsageError, use
from dspnb.errors import LoadWarning, NotRecorded, ServerFailed
from dspnb.lm.base import Attachment, Block, Message, ToolCall
from dspnb.testing import Scripted

KEY = "sk-marked-4711-nobody-may-see"
HEADER = '{"dspnb": "recording", "version": 1}'


def echo(text):
    return f"You said: {text}"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lesson.jsonl"


def record(file, *prompts, lm=None, role="main", **params):
    """The model's own part of a lesson, recorded and put in order."""
    recorded = Recorded(lm or Scripted(echo), file, role=role)
    for prompt in prompts:
        recorded(prompt, **params)
    recorded.close()
    return recorded


def prompt(*texts):
    roles = ("system", *("user", "assistant") * len(texts))
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


def test_a_recording_reads_like_what_was_asked_and_answered(file):
    lm = LM("offline", temperature=0)
    record(file, prompt("Be brief.", "Größe?"), prompt("Be brief.", "Why?"), lm=lm, top_p=1)

    header, model, begin, *calls = map(json.loads, file.read_text("utf-8").splitlines())
    assert header == {"dspnb": "recording", "version": 1}
    assert model == {"role": "main", "model": "offline", "params": {"temperature": 0}}
    assert begin["messages"] == [{"role": "system", "content": "Be brief."}]
    assert [call["after"] for call in calls] == [begin["prompt"]] * 2
    assert [call["messages"][0]["content"] for call in calls] == ["Größe?", "Why?"]
    assert list(calls[0]) == ["model", "after", "messages", "params", "rollout", "answer"]
    assert (calls[0]["params"], calls[0]["rollout"]) == ({"temperature": 0, "top_p": 1}, 0)
    assert list(calls[0]["answer"]) == ["text", "tokens_in", "tokens_out", "finish"]
    assert "Größe?" in file.read_text("utf-8")


def test_what_prompts_begin_with_is_written_once(file):
    demos = [f"demo {i}" for i in range(32)]
    record(file, *(prompt("Sort.", *demos, f"ticket {i}") for i in range(20)))
    record(file, prompt("Sort.", *demos, "ticket 1", "no idea", "Try again."))

    text = file.read_text()
    assert text.count("demo 31") == 1
    assert text.count('"content": "ticket 1"') == 2  # asked, and what the second try begins with
    assert Replayed(file)(prompt("Sort.", *demos, "ticket 7")).text == "You said: ticket 7"


def test_a_replay_gives_the_answers_and_costs_nothing(file):
    answer = Completion("Blue.", tokens_in=9, tokens_out=2, dollars=0.5, seconds=3.0, finish="stop")
    recorded = record(file, "Colour?", lm=Scripted([answer]))
    replayed = Replayed(file)

    given = replayed("Colour?")
    assert recorded.usage.dollars == 0.5
    assert (given.text, given.tokens_in, given.tokens_out, given.finish) == ("Blue.", 9, 2, "stop")
    assert (given.dollars, given.seconds, given.model) == (0.0, 0.0, "scripted")
    assert (replayed.usage.calls, replayed.usage.tokens_in, replayed.usage.dollars) == (1, 9, 0.0)


def test_everything_that_a_model_answers_comes_back(file):
    answer = Completion(
        "Half a \ud83d",
        model="scripted-2024-07-18",
        tool_calls=(ToolCall("search", {"query": "Größe"}, "call_1"),),
        reasoning="Look it up.",
        citations=({"title": "Colours"},),
        logprobs={"content": [0.5]},
        samples=(Completion("Half a \ud83d", dollars=0.0), Completion("Blue.", tokens_out=1)),
    )
    record(file, "Colour?", lm=Scripted([answer]))

    given = Replayed(file)("Colour?")
    for name in ("text", "model", "tool_calls", "reasoning", "citations", "logprobs", "samples"):
        assert getattr(given, name) == getattr(answer, name)


def test_an_equal_request_is_asked_once_and_keeps_its_first_answer(file):
    lm = Scripted(["first", "second"])
    recorded = Recorded(lm, file)
    texts = {recorded("Again?").text for _ in range(3)}

    assert texts == {"first"} == {Replayed(file)("Again?").text}
    assert len(lm.calls) == 1
    assert recorded("Again?", rollout=1).text == "second"


def test_the_first_answer_to_a_request_counts_as_a_call_in_recording_and_replay_alike(file):
    inside = LM("offline")
    inside("Why?")  # its own memory has it already

    # The second time the file has it too.
    for lm in (Recorded(inside, file), Recorded(inside, file), None):
        lm = lm or Replayed(file)
        assert [lm("Why?").cached for _ in range(3)] == [False, True, True]
        assert (lm.usage.calls, lm.usage.cached) == (1, 2)


def test_equal_requests_at_the_same_time_are_asked_once(file):
    asked_twice, go_on = threading.Event(), threading.Event()

    def waits(text):
        if len(lm.calls) > 1:
            asked_twice.set()
        go_on.wait(10)
        return "waited"

    lm = Scripted(waits)
    recorded = Recorded(lm, file)
    texts = []
    threads = [
        threading.Thread(target=lambda: texts.append(recorded("Same?").text)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert not asked_twice.wait(0.2)
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert texts == ["waited"] * 8
    assert (recorded.usage.calls, recorded.usage.cached) == (1, 7)


def test_awaited_and_streamed_calls_are_recorded_and_replayed(file):
    recorded, heard = Recorded(LM("offline"), file), []

    async def both(lm):
        return await asyncio.gather(lm.acall("One?"), lm.acall("One?"), lm.acall("Two?"))

    first = asyncio.run(both(recorded))
    streamed = recorded.stream("Three words please.", on_text=heard.append)
    assert "".join(heard) == streamed.text
    assert recorded.usage.calls == 3

    replayed, pieces = Replayed(file), []
    assert [answer.text for answer in asyncio.run(both(replayed))] == [a.text for a in first]
    assert replayed.stream("Three words please.", on_text=pieces.append).text == streamed.text
    assert "".join(pieces) == streamed.text
    assert len(pieces) > 1


def test_a_model_that_can_be_awaited_is_and_is_told_who_listens(file):
    class Awaitable(Scripted):
        async def acall(self, messages, *, rollout=0, on_text=None, **params):
            on_text("piece")
            return Completion("piece")

    heard = []
    answer = asyncio.run(Recorded(Awaitable([]), file).acall("?", on_text=heard.append))

    assert answer.text == "piece"
    assert heard == ["piece"]


def test_a_call_that_fails_is_not_written(file):
    def fails_once(text):
        if not failed:
            failed.append(text)
            raise ServerFailed("fell over", model="scripted")
        return "up again"

    failed = []
    recorded = Recorded(Scripted(fails_once), file)
    with pytest.raises(ServerFailed):
        recorded("Well?")
    assert Replayed(file).usage.calls == 0
    with pytest.raises(NotRecorded, match="no calls at all"):
        Replayed(file)("Well?")

    assert recorded("Well?").text == "up again" == Replayed(file)("Well?").text


def test_an_answer_that_is_no_json_is_refused_and_harms_nothing(file):
    odd = Completion("Blue.", logprobs=object())
    recorded = Recorded(Scripted([odd, "Red."]), file)
    with pytest.raises(UsageError, match="An answer of `scripted` cannot be recorded"):
        recorded(prompt("Be brief.", "Colour?"))
    recorded(prompt("Be brief.", "Colour?"))

    assert Replayed(file)(prompt("Be brief.", "Colour?")).text == "Red."


def test_recording_goes_on_where_it_was(file):
    record(file, "One?", lm=Scripted(["one"]))
    lm = Scripted(["two"])
    record(file, "One?", "Two?", lm=lm)

    assert len(lm.calls) == 1
    assert [Replayed(file)(text).text for text in ("One?", "Two?")] == ["one", "two"]
    assert file.read_text().count('"role": "main"') == 1


def test_two_recordings_of_the_same_calls_are_the_same_file(tmp_path):
    orders = (range(40), reversed(range(40)))
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file, order in zip(files, orders, strict=True):
        asked = [
            prompt(f"Task {i % 3}.", f"ticket {i}", *("no", "Again.") * (i % 4)) for i in order
        ]
        record(file, *asked)

    assert files[0].read_bytes() == files[1].read_bytes()
    before = files[0].stat().st_mtime_ns
    record(files[0], prompt("Task 0.", "ticket 0"))
    assert files[0].stat().st_mtime_ns == before  # nothing new, nothing written


def test_a_recording_is_put_in_order_when_the_process_ends(tmp_path):
    code = """
import sys, dspnb
from dspnb.testing import Scripted
lm = dspnb.Recorded(Scripted(str.upper), sys.argv[1])
for word in sys.argv[2:]:
    lm(word)
"""
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file, words in zip(files, ("a b c", "c b a"), strict=True):
        subprocess.run([sys.executable, "-c", code, file, *words.split()], check=True)

    assert files[0].read_bytes() == files[1].read_bytes()


def test_no_key_is_ever_in_the_file(file, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", KEY)
    headers = {"Authorization": f"Bearer {KEY}", "X-Team": "lesson"}
    lm = LM("offline", api_key=KEY, extra_headers=headers, temperature=0)
    recorded = Recorded(Scripted(echo), file)
    asked = prompt(f"The key is {KEY}.", f"Say {KEY} again, and sk-0123456789abcdefghijk!")
    extra = {"api_key": KEY, "extra_body": {"token": KEY, "top_k": 3}, "headers": headers}
    answer = recorded(asked, **extra)
    recorded.close()
    record(file, "And this?", lm=lm)

    text = file.read_text()
    assert KEY not in text and KEY[3:] not in text and "0123456789" not in text
    assert '"extra_body": {"top_k": 3}' in text
    assert answer.text == "You said: Say *** again, and ***!"
    assert Replayed(file)(asked, extra_body={"top_k": 3}).text == answer.text
    assert Replayed(file)("And this?", temperature=0).text


def test_a_schema_may_have_fields_with_the_names_of_secrets(file):
    def tools(kind):
        schema = {"type": "object", "properties": {"url": {"type": kind}, "token": {}}}
        return [{"type": "function", "function": {"name": "open", "parameters": schema}}]

    record(file, "Open it.", tools=tools("string"))

    assert Replayed(file)("Open it.", tools=tools("string")).text
    with pytest.raises(NotRecorded, match="Only the parameters differ: `tools`"):
        Replayed(file)("Open it.", tools=tools("integer"))


def test_a_class_among_the_parameters_is_known_by_its_name_and_schema(file):
    def answer(type_):
        return type("Answer", (BaseModel,), {"__annotations__": {"url": type_}})

    record(file, "Where?", response_format=answer(str))

    assert '"class": "Answer"' in file.read_text()
    assert Replayed(file)("Where?", response_format=answer(str)).text
    with pytest.raises(NotRecorded, match="`response_format` was recorded as"):
        Replayed(file)("Where?", response_format=answer(int))


def test_pictures_are_kept_whole(file):
    url = "data:image/png;base64," + "iVBOR" * 1000
    part = {"type": "image_url", "image_url": {"url": url}}
    picture = Message("user", (Block("input", "[a]", Attachment("image", part, "a")),))
    record(file, [picture])

    assert url in file.read_text()
    assert Replayed(file)([picture]).text == "You said: [a]"


def test_what_the_recorded_model_could_do_shapes_the_prompts_of_the_replay(file):
    native = Predict("question, tools: list[Tool] -> calls: ToolCalls")

    def look(query: str) -> str:
        """Look it up."""

    from dspnb import Tool

    lm = Scripted(
        [Completion("", tool_calls=(ToolCall("look", {"query": "x"}, "1"),))], supports={"tools"}
    )
    with use(lm=Recorded(lm, file)):
        first = native(question="Who?", tools=[Tool(look)])
    with use(lm=Replayed(file)):
        second = native(question="Who?", tools=[Tool(look)])

    assert lm.params[0]["tools"]
    assert Replayed(file).supports == {"tools"}
    assert first == second


def test_models_are_told_apart_by_name_and_role(file):
    both = [("main", "small"), ("teacher", "large")]
    for role, name in both:
        lm = Scripted([f"from {name}"])
        lm.model = name
        record(file, "Same?", lm=lm, role=role)

    assert Replayed(file)("Same?").text == "from small"
    assert Replayed(file, role="teacher")("Same?").text == "from large"
    assert Replayed(file, model="large")("Same?").text == "from large"
    assert Replayed(file, role="judge").model == "small"
    other = Replayed(file, model="openai/another")
    assert (other.model, other("Same?").text) == ("openai/another", "from small")


def test_the_parameters_of_the_model_come_with_the_recording(file):
    record(file, "Cold?", lm=LM("offline", temperature=0))
    record(file, "Warm?", lm=LM("offline", temperature=1))

    replayed = Replayed(file)
    assert replayed.params == {"temperature": 0}
    assert replayed("Cold?").text and replayed("Warm?").text
    with pytest.raises(NotRecorded, match="`temperature` was recorded as 1, asked is 0"):
        Replayed(file, params={"temperature": 0})("Warm?")


def explanation(file, *asked, **params):
    with pytest.raises(NotRecorded) as caught:
        Replayed(file)(*asked, **params)
    return str(caught.value)


def test_what_is_not_recorded_is_compared_with_the_nearest(file):
    ticket = "[[ ## ticket ## ]]\nMy parcel is {}\nas I said"
    record(file, *(prompt("Sort.", ticket.format(word)) for word in ("red", "late", "late again")))

    said = explanation(file, prompt("Sort.", ticket.format("late today")))
    assert said.splitlines() == [
        f"scripted: `{file}` has no answer to this request. "
        "The nearest that it has differs in message 2, line 2:",
        "  recorded: My parcel is late",
        "  asked:    My parcel is late today",
        f"Ask as it was recorded, or record it: `%lm scripted --record {file}`.",
    ]
    assert "message 1, line 1:\n  recorded: Sort.\n  asked:    Sort well." in explanation(
        file, prompt("Sort well.", ticket.format("late"))
    )
    assert "asked:    (no message)" in explanation(file, prompt("Sort."))
    assert "its role:\n  recorded: system\n  asked:    user" in explanation(file, "Sort.")


def test_of_a_long_line_the_part_that_differs_is_shown(file):
    record(file, "a " * 500 + "end", "b")

    lines = explanation(file, "a " * 500 + "edge").splitlines()
    assert lines[1].endswith("a a end") and lines[2].endswith("a a edge")
    assert max(map(len, lines[1:3])) < 130


def test_parameters_and_rollouts_that_are_not_recorded_are_named(file):
    record(file, "Why?", temperature=0, seed=1)
    for rollout in (0, 1, 2, 5):
        record(file, "How?", rollout=rollout)

    said = explanation(file, "Why?", temperature=0.7, top_p=1)
    assert (
        "Only the parameters differ: `seed` was recorded as 1, and is not asked for; "
        "`temperature` was recorded as 0, asked is 0.7; "
        "`top_p` was not recorded, asked is 1." in said
    )
    assert "Rollout 3 of it was not recorded, only 0 to 2 and 5." in explanation(
        file, "How?", rollout=3
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there is nothing in it"),
        ("question,answer\n1,2\n", "Line 1 of .* so it is no recording"),
        ('{"a": 1}', "Line 1 of .* so it is no recording"),
        ('{"dspnb": "recording", "version": 2}\n', "version 2; this dspnb reads version 1"),
        (f"{HEADER}\n\n{{]\n", "Line 3 of .* is not a line of a recording"),
        (f'{HEADER}\n{{"color": 1}}\n', "Line 2 of .* is not a line of a recording"),
        (f'{HEADER}\n{{"prompt": "a", "messages": [1]}}\n', "Line 2 of .* messages that are none"),
        (
            f'{HEADER}\n{{"prompt": "a", "after": "b", "messages": []}}\n',
            "Line 2 of .* begins with `b`, which no line above it defines",
        ),
        (
            f'{HEADER}\n{{"prompt": "a", "messages": []}}\n'
            '{"prompt": "a", "messages": [{"role": "user"}]}\n',
            "Line 3 of .* gives `a` a second meaning",
        ),
        (
            f'{HEADER}\n{{"model": "m", "messages": [], "answer": {{}}}}\n',
            "Line 2 of .* no completion",
        ),
        (
            f'{HEADER}\n{{"model": "m", "messages": [], "rollout": "x", "answer": {{}}}}\n',
            "Line 2 of .* has a `rollout` that is 'x'",
        ),
        (f"{HEADER}\n{'[' * 100_000}\n", "Line 2 of .* is not a line of a recording"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_its_line_and_left_alone(file, content, said):
    file.write_text(content)

    with pytest.raises(UsageError, match=said):
        Replayed(file)
    if content:
        with pytest.raises(UsageError, match=said):
            Recorded(Scripted([]), file)
        assert file.read_text() == content


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"No such file.*Make one with `%lm MODEL --record"):
        Replayed(tmp_path / "no.jsonl")
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        Recorded(Scripted([]), tmp_path / "no" / "lesson.jsonl")
    with pytest.raises(UsageError, match="cannot be written: Is a directory"):
        Recorded(Scripted([]), tmp_path)


def test_half_a_line_at_the_end_is_left_out_and_written_again(file):
    record(file, "One?", "Two?")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])

    with pytest.warns(LoadWarning, match="ends in half a line"):
        replayed = Replayed(file)
    assert replayed("One?").text
    with pytest.raises(NotRecorded):
        replayed("Two?")

    lm = Scripted(echo)
    record(file, "One?", "Two?", lm=lm)
    assert len(lm.calls) == 1
    assert file.read_bytes() == whole


@pytest.mark.parametrize("length", [0, 10])
def test_a_file_that_was_hardly_begun_is_recorded_into(file, length):
    file.write_text(HEADER[:length])
    record(file, "One?")

    assert Replayed(file)("One?").text


def test_an_edited_recording_replays_as_it_is_written_now(file):
    record(file, prompt("Sort.", "late"))
    edited = file.read_text().replace("Sort.", "Sort well.").replace("You said", "I heard")
    file.write_text(edited.rstrip("\n").replace("\n", "\r\n"))

    assert Replayed(file)(prompt("Sort well.", "late")).text == "I heard: late"
    record(file, prompt("Sort.", "late"))
    assert Replayed(file)(prompt("Sort well.", "late")).text == "I heard: late"
    assert Replayed(file)(prompt("Sort.", "late")).text == "You said: late"


def test_of_two_answers_to_a_request_the_first_counts(file):
    record(file, "One?")
    last = file.read_text().splitlines()[-1]
    file.write_text(file.read_text() + last.replace("You said", "I heard") + "\n")

    assert Replayed(file)("One?").text == "You said: One?"


def test_a_recording_that_is_deleted_meanwhile_begins_anew(file):
    recorded = Recorded(Scripted(echo), file)
    recorded("One?")
    file.unlink()
    recorded("Two?")

    assert Replayed(file)("Two?").text
    file.unlink()
    recorded.close()
    assert not file.exists()


def test_several_models_record_into_one_file_and_put_it_in_order_at_any_time(file):
    one, two = Recorded(Scripted(["first"]), file), Recorded(Scripted(["second"]), file)
    one("Same?")
    one.close()

    assert two("Same?").text == "first"  # the file has it by now
    two("Other?")
    two.close()
    assert one("Other?").text == "second"
    assert file.read_text().count("\n") == 4


RECORD = """
import sys, dspnb
from dspnb.testing import Scripted
lm = dspnb.Recorded(Scripted(lambda text: text + sys.argv[2]), sys.argv[1])
print("ready", flush=True)
input()
for i in range(int(sys.argv[3]), int(sys.argv[4])):
    assert lm(f"ticket {i}").text
    print(i, flush=True)
lm.close()
"""


def recording_process(file, *arguments):
    command = [sys.executable, "-c", RECORD, str(file), *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_record_into_one_file_and_lose_nothing(file):
    processes = [recording_process(file, "a", 0, 300), recording_process(file, "b", 200, 500)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0

    replayed = Replayed(file)
    assert {replayed(f"ticket {i}").text[-1] for i in range(500)} == {"a", "b"}
    assert file.read_text().count('ticket 250"') == 1


def test_a_killed_recording_replays_what_was_written(file):
    process = recording_process(file, "a", 0, 100_000)
    process.stdin.write("go\n")
    process.stdin.flush()
    while process.stdout.readline() != "50\n":
        pass
    process.kill()
    process.communicate()

    lm = Scripted(echo)
    recorded = Recorded(lm, file)
    assert [recorded(f"ticket {i}").text for i in range(51)] == [f"ticket {i}a" for i in range(51)]
    assert lm.calls == []
