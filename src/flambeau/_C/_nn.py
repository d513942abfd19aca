"""The argument forms shared by `Module.to` and libraries that wrap it."""

from typing import Any


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """The (device, dtype, non_blocking, memory_format) meant by the arguments of `to`.

    The forms are `to(device, dtype, non_blocking)`, `to(dtype, non_blocking)` and
    `to(tensor, non_blocking)`, each with `memory_format=`.
    """
    from flambeau.device import device as make_device
    from flambeau.dtypes import dtype as dtype_type
    from flambeau.tensor import Tensor

    if "copy" in kwargs:
        raise RuntimeError(".to() does not accept copy argument")
    names = ["device", "dtype", "non_blocking"]
    other = None
    if args and isinstance(args[0], dtype_type):
        names = names[1:]
    elif args and isinstance(args[0], Tensor):
        other, *args = args  # type: ignore[assignment]
        names = names[2:]
    given = dict(zip(names, args, strict=False), **kwargs)
    unknown = given.keys() - {"device", "dtype", "non_blocking", "memory_format", "other"}
    if len(args) > len(names) or unknown:
        raise TypeError("to() received an invalid combination of arguments")
    other = given.get("other", other)
    if other is not None:
        given = {"device": other.device, "dtype": other.dtype} | given
    device = given.get("device")
    return (
        None if device is None else make_device(device),
        given.get("dtype"),
        bool(given.get("non_blocking", False)),
        given.get("memory_format"),
    )
