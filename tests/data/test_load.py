import pytest

from feint.data import load
from feint.errors import DataError


def test_what_does_not_exist(tmp_path):
    with pytest.raises(DataError, match=r"expected 'digits', .*; got '.*/nowhere', which does not exist"):
        load(tmp_path / "nowhere")


def test_formats_that_are_unknown(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"")
    for source, message in [(tmp_path / "model.onnx", "got a file named model.onnx"), (tmp_path, "with model.onnx")]:
        with pytest.raises(DataError, match=message) as raised:
            load(source)
        assert str(source) in str(raised.value)
