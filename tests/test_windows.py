"""Windows side by side with PyTorch."""

import pytest
from side_by_side import assert_alike

PLAIN = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser", "nuttall"]


@pytest.mark.parametrize("options", [{}, {"sym": False}, {"dtype": "float64"}], ids=str)
@pytest.mark.parametrize("name", PLAIN)
def test_signal_windows(reference, name, options):
    def body(torch):
        given = {key: getattr(torch, value) if key == "dtype" else value for key, value in options.items()}
        return [getattr(torch.signal.windows, name)(M, **given) for M in (0, 1, 2, 5, 8)]

    assert_alike(body, reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda w: w.exponential(5, tau=2.0),
        lambda w: w.exponential(5, center=1.0, sym=False),
        lambda w: w.gaussian(6, std=0.7),
        lambda w: w.kaiser(6, beta=3.0),
        lambda w: w.general_cosine(5, a=[0.46, 0.23, 0.31], sym=False),
        lambda w: w.general_hamming(5, alpha=0.6),
        lambda w: w.exponential(5, tau=0),
        lambda w: w.exponential(5, center=1.0),
        lambda w: w.gaussian(5, std=-1),
        lambda w: w.kaiser(5, beta=-1),
        lambda w: w.general_cosine(5, a=[]),
        lambda w: w.general_cosine(5, a=3),
        lambda w: w.hann(-1),
        lambda w: w.blackman(-1),
        lambda w: w.bartlett(-1),
    ],
)
def test_settings_of_signal_windows(reference, call):
    assert_alike(lambda torch: call(torch.signal.windows), reference)


@pytest.mark.parametrize("name", PLAIN)
def test_dtypes_and_layouts_that_are_refused(reference, name):
    for key, value in (("dtype", "int64"), ("dtype", "float16"), ("layout", "sparse_coo")):

        def body(torch, key=key, value=value):
            return getattr(torch.signal.windows, name)(5, **{key: getattr(torch, value)})

        assert_alike(body, reference)


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett", "kaiser"])
def test_windows_of_the_top_level(reference, name):
    def body(torch):
        window = getattr(torch, f"{name}_window")
        found = [window(n, periodic) for n in (0, 1, 2, 5, 8) for periodic in (True, False)]
        return [*found, window(6, dtype=torch.float64), window(4, requires_grad=True).requires_grad]

    assert_alike(body, reference)
    assert_alike(lambda torch: getattr(torch, f"{name}_window")(-1), reference)
    assert_alike(lambda torch: getattr(torch, f"{name}_window")(5, dtype=torch.int64), reference)


def test_settings_of_windows(reference):
    assert_alike(lambda torch: torch.hamming_window(5, True, 0.6, 0.3), reference)
    assert_alike(lambda torch: torch.kaiser_window(5, True, 5.0), reference)
    assert_alike(lambda torch: torch.kaiser_window(5, beta=5.0, periodic=False), reference)
