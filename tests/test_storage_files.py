"""Storages and tensors over files, and PyTorch's own pickles of storages."""

import pickle

import numpy as np
import pytest
from side_by_side import assert_alike

import flambeau


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers"
    np.arange(8, dtype=np.float32).tofile(path)
    return str(path)


def test_a_private_storage_leaves_its_file_alone(numbers, reference):
    def body(torch):
        storage = torch.UntypedStorage.from_file(numbers, False, 32)
        part = torch.asarray(storage[4:12], dtype=torch.uint8).view(torch.float32)
        part[0] = 50
        whole = torch.asarray(storage, dtype=torch.uint8).view(torch.float32)
        return len(storage), storage.nbytes(), len(storage[4:12]), part, part.storage_offset(), whole

    assert_alike(body, reference)
    assert np.fromfile(numbers, np.float32).tolist() == list(range(8))


def test_a_shared_storage_is_the_file(numbers, tmp_path):
    flambeau.from_file(numbers, shared=True, size=8)[2] = 70.0
    assert np.fromfile(numbers, np.float32)[2] == 70
    flambeau.UntypedStorage.from_file(tmp_path / "new", True, 16)
    assert (tmp_path / "new").stat().st_size == 16


def test_tensors_from_files(numbers, reference):
    assert_alike(lambda torch: torch.from_file(numbers, size=8), reference)
    assert_alike(lambda torch: torch.from_file(numbers, size=3, dtype=torch.int32), reference)
    assert_alike(lambda torch: torch.from_file(numbers, size=9), reference)
    assert_alike(lambda torch: torch.UntypedStorage.from_file(numbers + "x", False, 4), reference)


def test_what_pytorch_has_pickled_is_read(python, reference, tmp_path):
    value = {"t": reference.arange(4.0).view(2, 2), "m": reference.nn.Linear(2, 1)}
    (tmp_path / "value.pkl").write_bytes(pickle.dumps(value))
    program = "import pickle; value = pickle.load(open('value.pkl', 'rb')); print(value['t'].tolist(), value['m'])"
    result = python("-m", "flambeau", "-c", program)
    expected = f"{value['t'].tolist()} {value['m']}\n"
    assert result.stdout == expected, result.stderr
