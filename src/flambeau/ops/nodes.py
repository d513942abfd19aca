"""Writes the code of an op's node: what it saves, and how its rules are applied to cotangents.

A plain backward pass runs `run`, on arrays; one that is recorded in turn runs `run_graph`, on tensors. `op.sources`
keeps what is written under "rules".
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

from ..autograd.graph import Node
from ..kernels.lock import lock
from . import hot, rules
from .declare import OPTIONAL, STATIC, TENSOR, TENSORS, Op, Param, namespace


class Save:
    """One saved value: which name a rule asks for, what it is, and the arguments whose rules need it."""

    def __init__(self, name: str, source: str, kind: str, users: set[str] | None) -> None:
        self.name, self.source, self.kind, self.users = name, source, kind, users


def rule_names(rule: Callable[..., Any]) -> tuple[str, ...]:
    code = rule.__code__  # type: ignore[attr-defined]
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def saves(op: Op) -> list[Save]:
    """What a node of `op` must keep, by the parameter names of its rules."""
    found: dict[str, Save] = {}
    kinds = {param.name: param.kind for param in op.params}
    for argument, rule in [*op.rules.items(), (None, op.joint)]:
        if rule is None:
            continue
        for name in rule_names(rule):
            if name in ("g", "needs"):
                continue
            if name in found:
                users = found[name].users
                if users is not None:
                    found[name].users = None if argument is None else users | {argument}
                continue
            users = None if argument is None else {argument}
            if name in kinds:
                found[name] = Save(name, name, kinds[name], users)
            elif name.startswith("result") and name[6:] in ("", *"0123456789"):
                found[name] = Save(name, name, "result", users)
            elif name.endswith(("_shape", "_dtype")):
                source, _, what = name.rpartition("_")
                found[name] = Save(name, source, what, users)
            else:
                raise TypeError(f"a rule of {op.name} asks for {name!r}, which is no argument or result")
    return list(found.values())


def places(op: Op) -> list[tuple[int, bool, bool]]:
    """`Op.places`."""
    return [
        (place, param.kind == TENSORS, op.joint is not None or param.name in op.rules)
        for place, param in enumerate(op.params)
        if param.kind != STATIC
    ]


def saving(op: Op) -> list[tuple[str, bool, int, frozenset[int] | None]]:
    """`Op.saving`."""
    at = {param.name: place for place, param in enumerate(op.params)}
    found = []
    for save in saves(op):
        of_result = save.source.startswith("result") and save.source not in at
        place = int(save.source[6:] or 0) if of_result else at[save.source]
        users = None if save.users is None else frozenset(at[name] for name in save.users)
        found.append((save.kind, of_result, place, users))
    return found


def tensor_params(op: Op) -> list[Param]:
    return [param for param in op.params if param.kind != STATIC]


def declare_node(op: Op) -> None:
    """Make the op's Node class, at its first use."""
    if op.family != "composite" and op.differentiable:
        with lock:
            if op.node is None:
                _declare_node(op)


def _declare_node(op: Op) -> None:
    """Make the op's Node class, with the code that applies its rules."""
    params = tensor_params(op)
    kept = saves(op)
    members: dict[str, Any] = {"__slots__": (), "op": op, "saves": kept, "outputs": 1}
    members["defers"] = op.family == "pointwise" and op.joint is None
    if any(param.kind == TENSORS for param in params):
        members.update(run=rules.run_listed, run_graph=rules.run_listed_graph)
        op.node = type(op.grad_name, (Node,), members)
        return
    for argument, rule in op.rules.items():
        namespace[f"_{op.name}_rule_{argument}"] = rule
        if op.family == "pointwise":
            namespace[f"_{op.name}_large_{argument}"] = rules.late_rule(rule)
    namespace[f"_{op.name}_joint"] = op.joint
    op.node = namespace[f"_{op.name}_Node"] = type(op.grad_name, (Node,), members)
    write_rules(op)


def write_rules(op: Op) -> None:
    """Give the Node class the code that applies the rules."""
    params, kept = tensor_params(op), saves(op)
    source = _run_source(op, params, kept, graph=False) + _run_source(op, params, kept, graph=True)
    filename = f"<rules of {op.name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), namespace)
    op.node.run = namespace.pop(f"_{op.name}_run")
    op.node.run_graph = namespace.pop(f"_{op.name}_run_graph")
    op.sources["rules"] = source


def _tabled(op: Op, argument: str, rule: Callable[..., Any], value: str, arguments: str) -> str:
    """`value`, a rule's call, with a table in front."""
    kinds = {save.name: save.kind for save in saves(op)}
    statics = [kinds.get(name) in (STATIC, "shape", "dtype") for name in rule_names(rule)]
    made = hot.rule_table(op, argument, statics)
    if made is None:
        return value
    name = f"_{op.name}_table_{argument}"
    namespace[name], namespace[name + "_want"] = made.function, made.want
    again = f"{name}_want(({arguments},)) if r is ... else None"
    return f"(r if (r := {name}({arguments})).__class__ is ndarray else ({again}, {value})[1])"


def _run_source(op: Op, params: list[Param], kept: list[Save], *, graph: bool) -> str:
    suffix = "_graph" if graph else ""
    lines = [f"def _{op.name}_run{suffix}(self, g):"]
    places = {param.name: place for place, param in enumerate(params)}
    unpack, checks, revived = [], [], []
    for save in kept:
        unpack.append(save.name)
        if save.kind in (TENSOR, OPTIONAL, "result"):
            counter, version = f"{save.name}_c", f"{save.name}_v"
            unpack += [counter, version]
            origin = f"edges[{places[save.name]}]" if save.kind != "result" else "self"
            checks.append(f"    if {counter}[0] != {version}:")
            checks.append(f"        raise version_error({save.name}, {counter}, {version}, {origin})")
            if graph:
                if save.kind == "result" and save.name[6:]:
                    origin = f"output_of(self, {save.name[6:]}, {save.name})"
                revived.append(f"    {save.name} = revive({save.name}, {origin}, {counter})")
    lines.append("    edges = self.edges")
    if unpack:
        lines += ["    saved = self.saved", "    if saved is None:", "        raise freed_error()"]
        lines.append(f"    {', '.join(unpack)}, = saved")
    lines += checks + revived
    if op.joint is not None:
        arguments = []
        for name in rule_names(op.joint):
            value = "tuple([edge is not None for edge in edges])" if name == "needs" else name
            arguments.append(f"{name}={value}")
        lines.append(f"    results = _{op.name}_joint({', '.join(arguments)})")
        lines.append("    return results if results.__class__ is tuple else (results,)")
        return "\n".join(lines) + "\n"
    results = []
    for place, param in enumerate(params):
        rule = op.rules.get(param.name)
        if rule is None:
            results.append("None")
            continue
        arguments_ = ", ".join(rule_names(rule))
        called = f"_{op.name}_rule_{param.name}"
        if op.family == "pointwise" and not graph:
            called = f"({called} if g.size < large else _{op.name}_large_{param.name})"
        value = f"{called}({arguments_})"
        if hot.active() and not graph:
            value = _tabled(op, param.name, rule, value, arguments_)
        results.append(f"{value} if edges[{place}] is not None else None" if len(params) > 1 else value)
    lines.append(f"    return {', '.join(results)},")
    return "\n".join(lines) + "\n"
