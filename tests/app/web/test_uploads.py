import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from feint.app.web import uploads
from feint.errors import DataError


def _file(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def _picture(side=40):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def _bomb():
    """A PNG of 30,000 x 30,000 pixels in a few bytes."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 10**6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


HOSTILE = {
    "a bomb": _bomb,
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "50 megapixels": lambda: _file(Image.new("L", (10_000, 5_000)), "JPEG"),
    "cut off": lambda: _file(_picture(), "PNG")[:300],
    "a cut jpeg": lambda: _file(_picture(400), "JPEG")[:2000],
    "nothing": lambda: b"",
    "a pickle": lambda: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "postscript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "too many bytes": lambda: b"\0" * (uploads.MOST_BYTES + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_refused_and_leaves_nothing(tmp_path, name):
    with pytest.raises(DataError, match=r"^image: expected"):
        uploads.keep(tmp_path, HOSTILE[name]())
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_of_a_picture_only_the_pixels_are_kept(tmp_path, kind):
    exif = Image.Exif()
    exif[0x010E] = "who and where"
    content = _file(_picture(), kind, **({"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {})) + b"<script>"
    name = uploads.keep(tmp_path, content)
    kept = uploads.place_of(tmp_path, name).read_bytes()
    assert b"who and where" not in kept
    assert b"<script>" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size) == ("PNG", (40, 40))
        assert not image.getexif()


def test_large_pictures_are_made_smaller_and_old_ones_go(tmp_path, monkeypatch):
    name = uploads.keep(tmp_path, _file(Image.new("RGB", (3000, 1500)), "JPEG"))
    with Image.open(uploads.place_of(tmp_path, name)) as image:
        assert image.size == (1024, 512)
    monkeypatch.setattr(uploads, "KEPT", 3)
    for shade in range(6):
        uploads.keep(tmp_path, _file(Image.new("L", (4, 4), shade), "PNG"))
    assert len(list(tmp_path.glob("*.png"))) == 3


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "", "0" * 16, "x.png", "0123456789abcdef/.."])
def test_a_name_is_never_a_path(tmp_path, name):
    with pytest.raises(DataError, match="expected one that was uploaded"):
        uploads.place_of(tmp_path, name)
