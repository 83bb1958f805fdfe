"""A recording comes as bytes or samples, and goes to a model with its format."""

import base64
import io
import pickle
import wave

import numpy as np
import pytest

from dspnb import Audio, UsageError


def samples(audio):
    with wave.open(io.BytesIO(base64.b64decode(audio.data))) as file:
        values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), values.reshape(-1, file.getnchannels())


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (b"RIFF\x0a\x0b\x0c\x0dWAVEfmt ", "wav"),
        (b"ID3\x04....", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf3\x90\x64", "mp3"),
        (b"OggS....", "ogg"),
        (b"fLaC....", "flac"),
    ],
)
def test_bytes_tell_what_recording_they_are(data, format_):
    assert Audio(data).format == format_
    assert base64.b64decode(Audio(data).data) == data


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff\xe0", b"RIFF1234WEBP", b"\xff\xf1"])
def test_bytes_that_are_no_recording_are_said(data):
    with pytest.raises(UsageError, match=r"This is no recording of a known kind"):
        Audio(data)


@pytest.mark.parametrize("kind", ["float32", "float64", ">f4"])
def test_float_samples_become_a_wav(kind):
    rate, values = samples(Audio(np.array([0, 0.5, -1, 1], kind), sampling_rate=8000))

    assert rate == 8000
    assert values.ravel().tolist() == [0, 16384, -32767, 32767]


@pytest.mark.parametrize("kind", ["int16", ">i2"])
def test_whole_samples_are_kept_and_16000_a_second_by_default(kind):
    rate, values = samples(Audio(np.array([[1, -2], [3, 32767]], kind)))

    assert rate == 16000
    assert values.tolist() == [[1, -2], [3, 32767]]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([]), "has the shape"),
        (np.array(1.0), "has the shape"),
        (np.zeros((2, 2, 2)), "got (2, 2, 2)"),
        (np.zeros((2, 5000)), "Transpose it, with `.T`"),
        (np.array([1, 2], "int64"), "got an array of `int64`"),
        (np.array(["a"]), "got an array of `<U1`"),
        (np.array([0.1, -1.5]), "from -1 to 1; got 1.5"),
        (np.array([0.1, np.nan]), "got nan"),
    ],
)
def test_samples_that_make_no_recording_are_said(array, said):
    with pytest.raises(UsageError) as caught:
        Audio(array)

    assert said in str(caught.value)


@pytest.mark.parametrize("rate", [0, -1, 16000.0, None])
def test_a_sampling_rate_is_a_whole_number(rate):
    with pytest.raises(UsageError, match="`sampling_rate` is a whole number"):
        Audio(np.zeros(3), sampling_rate=rate)


def test_it_goes_to_a_model_with_its_format(wav):
    attachment = Audio(wav).attachment()

    encoded = base64.b64encode(wav).decode()
    assert attachment.kind == "audio"
    assert attachment.part == {
        "type": "input_audio",
        "input_audio": {"data": encoded, "format": "wav"},
    }
    assert attachment.label == "audio/wav, 2 kB"


@pytest.mark.parametrize("kind", ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"])
def test_a_data_uri_names_the_format(wav, kind):
    assert Audio(f"data:{kind};base64,{base64.b64encode(wav).decode()}") == Audio(wav)


def test_files_and_the_web_are_read_on_demand_only(tmp_path, wav, web, shut_off):
    (tmp_path / "a.wav").write_bytes(wav)

    assert Audio.from_file(tmp_path / "a.wav") == Audio(wav)
    with pytest.raises(UsageError, match="no recording of a known kind"):
        Audio.from_url(f"{web}/cat.png")
    with shut_off():
        with pytest.raises(UsageError, match=r'`Audio\.from_url\("https://example'):
            Audio("https://example.org/a.mp3")
        for path in (tmp_path / "a.wav", "a.wav", "file:///a.wav"):
            with pytest.raises(UsageError, match=r"`Audio\.from_file\("):
                Audio(path)


@pytest.mark.parametrize(
    "value", [None, 3, [0.1, 0.2], {"data": "@@", "format": "wav"}, "data:text/plain,x"]
)
def test_what_is_no_recording_is_said(value):
    with pytest.raises(UsageError):
        Audio(value)


def test_it_is_a_value(wav):
    audio = Audio(wav)

    assert repr(audio) == "Audio(wav, 2 kB)"
    assert {audio, Audio(audio), pickle.loads(pickle.dumps(audio))} == {Audio(wav)}
