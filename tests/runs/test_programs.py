"""Which functions of Python files the user's own folder remembers."""

from pathlib import Path

from feint.runs.programs import is_remembered, remember


def test_the_same_function_of_the_same_bytes_at_the_same_place(tmp_path: Path):
    file = tmp_path / "net.py"
    file.write_text("def build(): ...\n")
    assert not is_remembered(f"{file}:build")
    remember(f"{file}:build")
    assert is_remembered(f"{file}:build")
    assert not is_remembered(f"{file}:other")
    copied = tmp_path / "copied.py"
    copied.write_bytes(file.read_bytes())
    assert not is_remembered(f"{copied}:build")
    file.write_text("def build(): return 1\n")
    assert not is_remembered(f"{file}:build")
    file.unlink()
    assert not is_remembered(f"{file}:build")
