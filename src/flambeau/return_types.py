"""The named tuples in which functions return several tensors: `torch.return_types.sort` and so on.

A class is made when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, Self

_VALUES = "values indices"
FIELDS = {
    "aminmax": "min max",
    **dict.fromkeys(("cummax", "cummin", "kthvalue", "max", "median", "min", "mode"), _VALUES),
    **dict.fromkeys(("nanmedian", "sort", "topk"), _VALUES),
    "frexp": "mantissa exponent",
    "geqrf": "a tau",
    "histogram": "hist bin_edges",
    "histogramdd": "hist bin_edges",
    "linalg_cholesky_ex": "L info",
    "linalg_eig": "eigenvalues eigenvectors",
    "linalg_eigh": "eigenvalues eigenvectors",
    "linalg_inv_ex": "inverse info",
    "linalg_ldl_factor": "LD pivots",
    "linalg_ldl_factor_ex": "LD pivots info",
    "linalg_lstsq": "solution residuals rank singular_values",
    "linalg_lu": "P L U",
    "linalg_lu_factor": "LU pivots",
    "linalg_lu_factor_ex": "LU pivots info",
    "linalg_qr": "Q R",
    "linalg_slogdet": "sign logabsdet",
    "linalg_solve_ex": "result info",
    "linalg_svd": "U S Vh",
    "lu_unpack": "P L U",
    "qr": "Q R",
    "slogdet": "sign logabsdet",
    "svd": "U S V",
    "triangular_solve": "solution cloned_coefficient",
}


class Result(tuple[Any, ...]):
    """Several results with names; made from one iterable, or from the results themselves."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, *results: Any) -> Self:
        if len(results) == 1 and len(cls._fields) != 1 and isinstance(results[0], Iterable):
            results = tuple(results[0])
        if len(results) != len(cls._fields):
            raise TypeError(
                f"{cls.__module__}.{cls.__name__}() takes a {len(cls._fields)}-sequence ({len(results)}-sequence given)"
            )
        return super().__new__(cls, results)

    def __repr__(self) -> str:
        fields = ",\n".join(f"{k}={v!r}" for k, v in zip(self._fields, self, strict=True))
        return f"{self.__module__}.{type(self).__name__}(\n{fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return make, (type(self).__name__, tuple(self))


def make(name: str, results: Iterable[Any]) -> Result:
    """The results under the names that `name` gives them."""
    found: Result = globals().get(name, None) or __getattr__(name)
    return found(tuple(results))  # type: ignore[operator]


def __getattr__(name: str) -> Any:
    fields = FIELDS.get(name.removesuffix("_out"))
    if fields is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    names = tuple(fields.split())
    members: dict[str, Any] = {key: property(itemgetter(i)) for i, key in enumerate(names)}
    members.update(__slots__=(), _fields=names, __match_args__=names, __module__="torch.return_types")
    members.update(n_fields=len(names), n_sequence_fields=len(names), n_unnamed_fields=0)
    made = globals()[name] = type(name, (Result,), members)
    return made
