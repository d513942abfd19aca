"""The compiled steps of recurrent layers: NumPy's values for every cell, packing and direction."""

import numpy as np
import pytest

import flambeau
from flambeau.kernels import recurrent as kernels
from flambeau.kernels import tile
from flambeau.prims import recurrent
from flambeau.prims.recurrent import GATES, Weights, layer, layer_back

pytestmark = pytest.mark.kernels

SIZES = {"alike": (5,) * 4, "ending": (7, 7, 4, 1), "one": (1, 1), "none": (3,)}


def problem(cell, sizes, hidden, projected, dtype, bias):
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.standard_normal(shape).astype(dtype) * dtype(0.5)

    wide, out, total = GATES[cell] * hidden, hidden - 1 if projected else hidden, sum(sizes)
    weights = Weights(
        *(draw(wide, 6), draw(wide, out)),
        *((draw(wide), draw(wide)) if bias else (None, None)),
        draw(out, hidden) if projected else None,
    )
    c = draw(sizes[0], hidden) if cell == "lstm" else None
    of_c = None if c is None else draw(sizes[0], hidden)
    x, h = draw(total, 6), draw(sizes[0], out)
    # a cotangent as a transposed view of other memory
    of_outputs = np.asfortranarray(draw(total, out))
    return x, h, c, weights, of_outputs, draw(sizes[0], out), of_c


def everything(cell, sizes, reverse, x, h, c, weights, *of_results):
    made = layer(cell, x, h, c, weights, sizes, reverse)
    outputs, *_, gates, extra = made
    needs = (True,) * 8
    found = layer_back(cell, *of_results, x, h, c, weights, sizes, reverse, outputs, gates, extra, needs)
    return [*made[:3], *(each for each in found if each is not None)]


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("hidden", [2, 16, 37])
def test_steps_give_what_numpy_gives(monkeypatch, cell, sizes, reverse, hidden):
    for dtype, bias, projected in ((np.float32, True, False), (np.float64, False, False), (np.float64, True, True)):
        if projected and cell != "lstm":
            continue
        given = problem(cell, sizes, hidden, projected, dtype, bias)
        monkeypatch.setattr(recurrent, "LEAST", 0)
        made = everything(cell, sizes, reverse, *given)
        with monkeypatch.context() as patch:
            patch.setattr(recurrent, "_runner", recurrent._OnNumPy)
            expected = everything(cell, sizes, reverse, *given)
        tolerance = 1e-4 if dtype == np.float32 else 1e-10
        assert len(made) == len(expected)
        for one, other in zip(made, expected, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_nan_stays_in_its_sequence():
    x, h, c, weights, *of_results = problem("lstm", (5,) * 4, 37, False, np.float32, True)
    h[2, 1] = np.nan
    outputs = everything("lstm", (5,) * 4, False, x, h, c, weights, *of_results)[0].reshape(4, 5, 37)
    assert np.isnan(outputs[:, 2]).all()
    assert not np.isnan(np.delete(outputs, 2, 1)).any()


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("reverse", [False, True])
def test_neither_threads_nor_tasks_change_a_result(monkeypatch, cell, reverse):
    sizes = (9, 9, 4)
    given = problem(cell, sizes, 150, False, np.float32, True)
    before, found = flambeau.get_num_threads(), []
    try:
        for threads, rows, few in ((1, 32, 0), (2, 32, 0), (2, 2, 0), (2, 32, 100)):
            monkeypatch.setattr(kernels, "ROWS", rows)
            monkeypatch.setattr(kernels, "FEW", few)  # large, with little in the cache: tasks of units, calls of steps
            monkeypatch.setattr(kernels, "CACHED", 0 if few else 1 << 20)
            flambeau.set_num_threads(threads)
            found.append(everything(cell, sizes, reverse, *given))
    finally:
        flambeau.set_num_threads(before)
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            assert one.tobytes() == another.tobytes()


@pytest.mark.parametrize("parts", [1, 3, 4])
@pytest.mark.parametrize("hidden", [1, 16, 33, 200, 256])
@pytest.mark.parametrize("rows", [2, 10])
def test_a_panel_is_whole_tiles(parts, hidden, rows):
    for vector_bytes, sizes in tile.SIZES.items():
        lanes = vector_bytes // 4
        wide = kernels.vectors(parts, hidden, lanes, sizes, rows)
        assert rows > 2 or any((parts * wide) % each == 0 for each in sizes if each > 1)
        assert -(-hidden // (wide * lanes)) * wide * lanes < hidden + 2 * lanes
