"""A first lesson in tensors and training, printed to the character as PyTorch prints it."""

import pytest


@pytest.mark.parametrize("name", ["bridge", "autograd", "linear_model"])
def test_program_prints_what_pytorch_printed(name, shared, python, tmp_path):
    result = python("-m", "flambeau", shared / "lesson" / f"{name}.py", "plot.png")
    assert result.stderr == ""
    assert result.returncode == 0
    assert result.stdout == (shared / "lesson" / f"{name}.expected").read_text()
    assert (tmp_path / "plot.png").exists() == (name == "linear_model")
