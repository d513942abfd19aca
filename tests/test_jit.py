"""TorchScript's decorators and `torch.compiler`'s marks leave programs running as Python."""

import pytest

import flambeau as torch

deprecated = pytest.mark.filterwarnings("ignore:.*torch.jit.*deprecated:DeprecationWarning")


@deprecated
def test_script_gives_back_what_computes():
    @torch.jit.script
    def double(x):
        return 2 * x

    module = torch.jit.script(torch.nn.Linear(2, 3))
    assert double(torch.ones(2)).tolist() == [2, 2]
    assert module(torch.ones(1, 2)).shape == (1, 3)
    assert not torch.jit.is_scripting()


def test_script_says_that_it_is_deprecated():
    with pytest.warns(DeprecationWarning, match=r"`torch.jit.script` is deprecated") as record:
        torch.jit.script(len)
    assert record[0].filename == __file__


@deprecated
@pytest.mark.parametrize(
    "example", [torch.ones(2), (torch.ones(2),), {"x": torch.ones(2)}], ids=["one", "tuple", "dict"]
)
def test_trace_runs_the_function_on_its_example(example):
    tracing = []

    def double(x):
        tracing.append(torch.jit.is_tracing())
        return 2 * x

    traced = torch.jit.trace(double, example)
    assert tracing == [True]
    assert traced(torch.ones(3)).tolist() == [2, 2, 2]
    assert tracing == [True, False]


@deprecated
def test_a_failing_example_leaves_no_tracing_behind():
    with pytest.raises(ZeroDivisionError):
        torch.jit.trace(lambda x: 1 / 0, torch.ones(1))
    assert not torch.jit.is_tracing()


def test_marks_with_and_without_parentheses():
    def work():
        return 1

    for mark in (torch.jit.ignore, torch.jit.ignore(), torch.jit.unused, torch.jit.export):
        assert mark(work) is work
    for mark in (torch.compiler.disable, torch.compiler.disable(), torch.compiler.allow_in_graph):
        assert mark(work)() == 1


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ([1, 2], list[int], True),
        ([1, "a"], list[int], False),
        ((1, "a"), tuple[int, str], True),
        ((1, 2, 3), tuple[int, ...], True),
        ((1,), tuple[int, str], False),
        ({"a": [1]}, dict[str, list[int]], True),
        ({"a": ["b"]}, dict[str, list[int]], False),
        (None, int | None, True),
        ("a", int | None, False),
        (3, (str, int), True),
    ],
)
def test_isinstance_looks_into_containers(value, kind, expected):
    assert torch.jit.isinstance(value, kind) is expected
