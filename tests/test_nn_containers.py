"""Sequential, ModuleList, ModuleDict, ParameterList and ParameterDict beside PyTorch."""

from collections import OrderedDict

import pytest
from side_by_side import assert_alike


def layers(torch, n=3):
    return [torch.nn.Linear(i + 1, i + 2) for i in range(n)]


def sequential(torch):
    return torch.nn.Sequential(*layers(torch))


def changed(make, change):
    """What a container looks like after `change`."""

    def body(torch):
        container = make(torch)
        result = change(torch, container)
        shown = repr(result) if isinstance(result, torch.nn.Module) else result
        return repr(container), list(container._modules), list(container.state_dict()), shown

    return body


SEQUENTIAL = {
    "from names": lambda t, s: t.nn.Sequential(OrderedDict(a=s[0], b=s[1])),
    "index": lambda t, s: s[-1],
    "index out of range": lambda t, s: s[3],
    "slice": lambda t, s: s[1:],
    "set": lambda t, s: s.__setitem__(-1, t.nn.ReLU()),
    "delete": lambda t, s: s.__delitem__(0),
    "delete a slice": lambda t, s: s.__delitem__(slice(0, 3, 2)),
    "length": lambda t, s: len(s),
    "append": lambda t, s: s.append(t.nn.ReLU()),
    "append a number": lambda t, s: s.append(3),
    "insert": lambda t, s: s.insert(-1, t.nn.ReLU()),
    "insert too far": lambda t, s: s.insert(9, t.nn.ReLU()),
    "extend": lambda t, s: s.extend(layers(t, 1)),
    "pop": lambda t, s: s.pop(1),
    "add": lambda t, s: s + t.nn.Sequential(t.nn.ReLU()),
    "add a list": lambda t, s: t.nn.Sequential(*[*s, t.nn.ReLU()]),
    "add in place": lambda t, s: s.__iadd__(t.nn.Sequential(t.nn.ReLU())),
    "times": lambda t, s: s * 2,
    "times from the left": lambda t, s: 2 * s,
    "times in place": lambda t, s: s.__imul__(2),
    "times zero": lambda t, s: s * 0,
    "times a half": lambda t, s: s * 0.5,
    "iterate": lambda t, s: [type(each).__name__ for each in s],
}
MODULE_LIST = {
    "index": lambda t, m: m[-1],
    "index out of range": lambda t, m: m[7],
    "slice": lambda t, m: m[:2],
    "set": lambda t, m: m.__setitem__(0, t.nn.ReLU()),
    "delete": lambda t, m: m.__delitem__(1),
    "delete a slice": lambda t, m: m.__delitem__(slice(1, 3)),
    "append": lambda t, m: m.append(t.nn.ReLU()),
    "insert": lambda t, m: m.insert(1, t.nn.ReLU()),
    "extend": lambda t, m: m.extend(layers(t)),
    "extend by a number": lambda t, m: m.extend(3),
    "add": lambda t, m: m + layers(t, 1),
    "add in place": lambda t, m: m.__iadd__(layers(t, 1)),
    "pop": lambda t, m: m.pop(0),
    "call": lambda t, m: m(1),
    "repeats": lambda t, m: t.nn.ModuleList([t.nn.ReLU(), t.nn.ReLU(), *layers(t, 1), t.nn.ReLU()]),
    "nested repeats": lambda t, m: t.nn.ModuleList([t.nn.Sequential(t.nn.ReLU()) for _ in range(3)]),
    "empty": lambda t, m: t.nn.ModuleList(),
}
MODULE_DICT = {
    "get": lambda t, d: d["b"],
    "set": lambda t, d: d.__setitem__("c", t.nn.ReLU()),
    "delete": lambda t, d: d.__delitem__("a"),
    "missing": lambda t, d: d["z"],
    "keys": lambda t, d: (
        list(d.keys()),
        len(d),
        "a" in d,
        list(d),
        len(d.values()),
        len(d.items()),
    ),
    "pop": lambda t, d: d.pop("a"),
    "clear": lambda t, d: d.clear(),
    "update": lambda t, d: d.update({"z": t.nn.ReLU(), "y": t.nn.Tanh()}),
    "update by pairs": lambda t, d: d.update([("z", t.nn.ReLU()), ["y", t.nn.Tanh()]]),
    "update by another": lambda t, d: d.update(t.nn.ModuleDict({"x": t.nn.ReLU()})),
    "update by a number": lambda t, d: d.update(3),
    "update by triples": lambda t, d: d.update([(1, 2, 3)]),
    "update by numbers": lambda t, d: d.update([3]),
    "key with a dot": lambda t, d: d.__setitem__("a.b", t.nn.ReLU()),
    "name of a method": lambda t, d: d.__setitem__("keys", t.nn.ReLU()),
    "wrong value": lambda t, d: d.__setitem__("c", 3),
}


@pytest.mark.parametrize("case", SEQUENTIAL)
def test_sequential(case, reference):
    assert_alike(changed(sequential, SEQUENTIAL[case]), reference)


@pytest.mark.parametrize("case", MODULE_LIST)
def test_module_list(case, reference):
    make = lambda t: t.nn.ModuleList(layers(t))  # noqa: E731
    assert_alike(changed(make, MODULE_LIST[case]), reference)


@pytest.mark.parametrize("case", MODULE_DICT)
def test_module_dict(case, reference):
    make = lambda t: t.nn.ModuleDict({"b": t.nn.ReLU(), "a": t.nn.Linear(1, 2)})  # noqa: E731
    assert_alike(changed(make, MODULE_DICT[case]), reference)


def test_sequential_runs_in_order(reference):
    assert_alike(lambda t: sequential(t)(t.ones(2, 1)), reference)


PARAMETER_LIST = {
    "show": lambda t, p: repr(p),
    "index": lambda t, p: p[-1],
    "index out of range": lambda t, p: p[5],
    "slice": lambda t, p: p[1:],
    "set": lambda t, p: p.__setitem__(0, t.ones(3)),
    "append a number": lambda t, p: p.append(3),
    "extend": lambda t, p: p.extend([t.ones(1), t.zeros(1)]),
    "extend by a tensor": lambda t, p: p.extend(t.ones(2)),
    "extend by a number": lambda t, p: p.extend(3),
    "add in place": lambda t, p: p.__iadd__([t.ones(1)]),
    "length": lambda t, p: len(p),
    "iterate": lambda t, p: [type(each).__name__ for each in p],
    "call": lambda t, p: p(),
    "delete": lambda t, p: p.__delitem__(0),
}
PARAMETER_DICT = {
    "show": lambda t, p: repr(p),
    "get": lambda t, p: (p["b"], p.get("z", 3), p.setdefault("q", t.ones(1))),
    "missing": lambda t, p: p["z"],
    "number as a key": lambda t, p: p[3],
    "delete": lambda t, p: p.__delitem__("b"),
    "keys": lambda t, p: (list(p.keys()), list(reversed(p)), len(p), "a" in p),
    "values": lambda t, p: (list(p.values()), [key for key, _ in p.items()]),
    "copy": lambda t, p: p.copy(),
    "pop": lambda t, p: p.pop("b"),
    "pop the last": lambda t, p: p.popitem(),
    "pop from nothing": lambda t, p: t.nn.ParameterDict().popitem(),
    "clear": lambda t, p: p.clear(),
    "from keys": lambda t, p: p.fromkeys(["x", "y"], t.ones(1)),
    "update": lambda t, p: p.update({"z": t.ones(1), "y": t.ones(2)}),
    "update in order": lambda t, p: p.update(OrderedDict(z=t.ones(1), y=t.ones(2))),
    "update by pairs": lambda t, p: p.update([("z", t.ones(1))]),
    "update by a number": lambda t, p: p.update(3),
    "update by triples": lambda t, p: p.update([(1, 2, 3)]),
    "or": lambda t, p: p | t.nn.ParameterDict({"a": t.zeros(5), "z": t.ones(1)}),
    "or in place": lambda t, p: p.__ior__(t.nn.ParameterDict({"z": t.ones(1)})),
    "call": lambda t, p: p(1),
}


def observed(make, change):
    def body(torch):
        container = make(torch)
        result = change(torch, container)
        shown = repr(result) if isinstance(result, torch.nn.Module) else result
        return repr(container), container.state_dict(), shown

    return body


@pytest.mark.parametrize("case", PARAMETER_LIST)
def test_parameter_list(case, reference):
    make = lambda t: t.nn.ParameterList([t.ones(2, 3), t.nn.Parameter(t.zeros(1)), "text"])  # noqa: E731
    assert_alike(observed(make, PARAMETER_LIST[case]), reference)


@pytest.mark.parametrize("case", PARAMETER_DICT)
def test_parameter_dict(case, reference):
    make = lambda t: t.nn.ParameterDict({"b": t.ones(2, 3), "a": t.zeros(1), "c": 3})  # noqa: E731
    assert_alike(observed(make, PARAMETER_DICT[case]), reference)
