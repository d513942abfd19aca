"""`python -m flambeau.ops` prints the op table; with `--stubs` it writes the type stubs."""

import argparse
import sys

import flambeau.ops  # noqa: F401 -- declares them all

from . import stubs, table
from .declare import Op


def row(op: Op) -> str:
    """An op's line: its name and module, its family, how it computes, its forms, its first words."""
    forms = " ".join(form for form in op.forms if "_" not in form)
    rules = "joint" if op.joint is not None else " ".join(op.rules)
    doc = (op.doc or "").split("\n")[0]
    name = op.name if op.module == "flambeau" else f"{op.module.removeprefix('flambeau.')}.{op.name}"
    signature = stubs.op_signature(op, "function")
    return f"{name:34s} {op.family:10s} {op.promote or '-':8s} {forms:24s} {rules or '-':24s} {doc}\n{'':4s}{signature}"


def main() -> None:
    """Print the table, or write what is generated from it."""
    parser = argparse.ArgumentParser(prog="python -m flambeau.ops", description=main.__doc__)
    parser.add_argument("--stubs", action="store_true", help="write the type stubs into the package")
    if parser.parse_args().stubs:
        stubs.write()
        return
    head = f"{'op':34s} {'family':10s} {'promote':8s} {'forms':24s} {'rules':24s}"
    sys.stdout.write("\n".join([head, *(row(table[name]) for name in sorted(table))]) + "\n")


if __name__ == "__main__":
    main()
