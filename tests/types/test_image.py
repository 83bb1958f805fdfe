"""A picture comes from anywhere, and goes to a model in one form."""

import base64
import copy
import io
import pickle

import matplotlib.figure
import PIL.Image
import pytest

from dspnb import Image, UsageError


def decoded(image):
    return PIL.Image.open(io.BytesIO(base64.b64decode(image.url.partition(",")[2])))


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"GIF87a....", "image/gif"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x0a\x0b\x0c\x0dWEBPVP8 ", "image/webp"),
    ],
)
def test_bytes_tell_what_picture_they_are(data, mime):
    encoded = base64.b64encode(data).decode()

    assert Image(data).url == Image(bytearray(data)).url == f"data:{mime};base64,{encoded}"


@pytest.mark.parametrize("format_", ["png", "jpeg", "gif", "webp", "bmp"])
def test_what_pillow_writes_is_recognised(format_):
    written = io.BytesIO()
    PIL.Image.new("RGB", (3, 2), "red").save(written, format=format_)

    assert Image(written.getvalue()).url.startswith(f"data:image/{format_};base64,")


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"BM is a text", b"%PDF-1.7", b"RIFF1234WAVE", b"\x89PN"]
)
def test_bytes_that_are_no_picture_are_said(data):
    with pytest.raises(UsageError, match=r"no picture of a known kind: it begins with b['\"]"):
        Image(data)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "HSV", "I", "F"])
def test_a_pillow_image_of_any_mode_is_written_as_png(mode):
    image = decoded(Image(PIL.Image.new(mode, (4, 3))))

    assert (image.format, image.size) == ("PNG", (4, 3))


def test_a_pillow_image_keeps_its_pixels():
    picture = PIL.Image.effect_noise((9, 7), 50)

    assert list(decoded(Image(picture)).tobytes()) == list(picture.tobytes())


def test_a_matplotlib_figure_is_a_picture_with_all_that_is_drawn():
    figure = matplotlib.figure.Figure(figsize=(2, 1), dpi=50)
    figure.text(0, 1.5, "above the frame")

    width, height = decoded(Image(figure)).size
    assert width < 100  # of what is drawn only
    assert height >= 5


def test_an_address_stays_an_address(shut_off):
    with shut_off():
        image = Image("https://example.invalid/cat.png")

    assert image.url == "https://example.invalid/cat.png"
    assert image == Image({"url": image.url}) == Image(url=image.url) == Image(image)
    assert image.attachment().part == {"type": "image_url", "image_url": {"url": image.url}}
    assert image.attachment().label == image.url


def test_making_one_reads_neither_disk_nor_network(tmp_path, png, shut_off, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(png)

    with shut_off():
        Image(png)
        Image(Image(png).url)
        with pytest.raises(UsageError, match=r'use `Image\.from_file\("photo\.png"\)`'):
            Image("photo.png")
        with pytest.raises(UsageError, match=r'by `Image\.from_file\("'):
            Image(tmp_path / "photo.png")
        with pytest.raises(UsageError, match="has an address with http:// or https://"):
            Image(f"file://{tmp_path}/photo.png")


def test_a_data_uri_is_set_in_one_form(png):
    encoded = base64.b64encode(png).decode()
    broken_in_lines = f"{encoded[:40]}\n  {encoded[40:]}"

    assert Image(f"DATA:image/PNG;charset=x;base64,{broken_in_lines}") == Image(png)
    assert Image(f"data:image/png;base64,{encoded.replace('/', '%2F')}") == Image(png)


def test_a_data_uri_may_be_percent_encoded():
    image = Image("data:image/svg+xml,%3Csvg%2F%3E")

    assert image.url == f"data:image/svg+xml;base64,{base64.b64encode(b'<svg/>').decode()}"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("data:image/png;base64,@@@@", "is broken"),
        ("data:image/png;base64,QUJ", "is broken: Incorrect padding"),
        ("data:image/png;base64,QU%00JD", "is broken"),
        ("data:image/png;base64,", "holds no data"),
        ("data:image/png", "is written `data:image/png;base64,...`"),
        ("data:", "is written"),
        ("data:<script>,x", "is written"),
        ("data:text/html,<b>", "holds a picture; the data URI is of `text/html`"),
        ("data:,text", "is of `text/plain`"),
    ],
)
def test_a_broken_data_uri_is_said(uri, said):
    with pytest.raises(UsageError) as caught:
        Image(uri)

    assert said in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, ["https://example.org"], {"path": "x"}, object(), ""])
def test_what_is_no_picture_is_said(value):
    with pytest.raises(UsageError, match="An `Image` is made of an address"):
        Image(value)


def test_a_long_text_is_not_repeated_in_the_error():
    with pytest.raises(UsageError) as caught:
        Image("A" * 1_000_000)

    assert len(str(caught.value)) < 400


def test_its_text_is_short_and_holds_no_data(png):
    assert repr(Image(png)) == "Image(image/png, 70 B)"
    assert repr(Image(png + bytes(34_000))) == "Image(image/png, 34 kB)"
    assert repr(Image(png + bytes(1_260_000))) == "Image(image/png, 1.3 MB)"
    assert repr(Image("https://example.org/a.png")) == "Image('https://example.org/a.png')"
    assert len(repr(Image("https://example.org/" + "a" * 5000))) < 80
    assert Image(png).attachment().label == "image/png, 70 B"
    assert Image(png).attachment().kind == "image"


def test_it_is_a_value(png):
    image = Image(png)

    assert image == Image(png) != Image(png + b"x")
    assert len({image, Image(png), Image("https://example.org/a.png")}) == 2
    assert pickle.loads(pickle.dumps(image)) == copy.deepcopy(image) == image
    with pytest.raises(AttributeError):
        image.url = "https://example.org"
