"""Loading a pickle without trusting it: a machine that makes plain data and tensors only."""

from __future__ import annotations

import collections
import pickle
import struct
import warnings
from collections.abc import Callable
from typing import IO, Any

from flambeau import dtypes

from . import names
from .registry import get_safe_globals

_BLOCKED = {"sys", "os", "posix", "nt"}
_DICTS = (dict, collections.OrderedDict, collections.Counter)

_BUILTINS: dict[str, Any] = {
    "collections.OrderedDict": collections.OrderedDict,
    "collections.Counter": collections.Counter,
    "builtins.bytearray": bytearray,
    "builtins.set": set,
    "builtins.complex": complex,
}
_TORCH = {
    *("torch.Size", "torch.Tensor", "torch.device", "torch.nn.parameter.Parameter"),
    *("torch.storage.UntypedStorage", "torch.storage.TypedStorage"),
    *(f"torch.{name}" for name in names.STORAGE_NAMES.values()),
    *(f"torch.cuda.{name}" for name in names.STORAGE_NAMES.values()),
    *(f"torch.{dtypes.scalar_name(dtype)}Tensor" for dtype in names.STORAGE_NAMES),
    *(f"{dtype}" for dtype in dtypes.ALL),
    "torch._tensor._rebuild_from_type_v2",
    *(
        f"torch._utils._rebuild_{what}"
        for what in (
            *("tensor", "tensor_v2", "tensor_v3", "meta_tensor_no_storage"),
            *("parameter", "parameter_with_state"),
        )
    ),
}


def _old_name(module: str, name: str) -> tuple[str, str]:
    """A global's present name; protocol 2 uses the names of Python 2."""
    import _compat_pickle

    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def _encode(text: str, encoding: str) -> bytes:
    """`_codecs.encode`, which protocol 2 uses to store bytes."""
    return text.encode(encoding)


def _global_name(item: Any) -> str:
    """The name under which files refer to a class or function added to the safe globals."""
    module, name = item.__module__, item.__qualname__
    if names.is_ours(module):
        module, name = names.torch_name(item, module, name)
    return f"{module}.{name}"


def _user_globals() -> dict[str, Any]:
    found = {}
    for item in get_safe_globals():
        if isinstance(item, tuple):
            if len(item) != 2:
                raise ValueError(
                    "Expected tuple of length 2 (global, str of callable full path), but got "
                    f"tuple of length: {len(item)}"
                )
            if isinstance(item[1], str):
                found[item[1]] = item[0]
            else:
                raise TypeError(
                    f"Expected second item in tuple to be str of callable full path, but got: {type(item[1])}"
                )
        else:
            found[_global_name(item)] = item
    return found


class WeightsUnpickler:
    """Runs the opcodes that PyTorch's checkpoints are made of, on a stack, from bytes.

    `persistent_load` turns a persistent id into what it stands for. Raises `pickle.UnpicklingError`
    for an opcode, a global or a combination of both that no checkpoint of plain data holds.
    """

    def __init__(
        self,
        file: IO[bytes],
        persistent_load: Callable[[Any], Any] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self._read = file.read
        self._readline = file.readline
        self.persistent_load = persistent_load
        self._encoding = encoding
        self._allowed = _user_globals()
        self._globals: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._marks: list[list[Any]] = []
        self._stack: list[Any] = []

    def load(self) -> Any:
        read, handlers = self._read, _HANDLERS
        while True:
            opcode = read(1)
            if not opcode:
                raise EOFError
            if opcode == pickle.STOP:
                return self._stack.pop()
            handler = handlers.get(opcode)
            if handler is None:
                raise pickle.UnpicklingError(f"Unsupported operand {opcode[0]}")
            handler(self)

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._read(struct.calcsize(form)))[0]

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _mark(self) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _global(self) -> None:
        module = self._readline()[:-1].decode()
        name = self._readline()[:-1].decode()
        found = self._find(*_old_name(module, name))
        self._globals.append(found)
        self._push(found)

    def _find(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if module in _BLOCKED:
            raise pickle.UnpicklingError(f"Trying to load unsupported GLOBAL {full} whose module {module} is blocked.")
        if full in self._allowed:
            return self._allowed[full]
        if full in _BUILTINS:
            return _BUILTINS[full]
        if full == "_codecs.encode":
            return _encode
        if full in _TORCH:
            return names.resolve(module, name)
        shown = name if module in ("builtins", "__builtin__") else full
        raise pickle.UnpicklingError(
            f"Unsupported global: GLOBAL {shown} was not an allowed global by default. Please use "
            f"`torch.serialization.add_safe_globals([{shown}])` or the "
            f"`torch.serialization.safe_globals([{shown}])` context manager to allowlist this "
            "global if you trust this class/function."
        )

    def _check_call(self, function: Any, message: str) -> None:
        if not any(function is found for found in self._globals):
            raise pickle.UnpicklingError(f"{message} {function}")

    def _reduce(self) -> None:
        arguments = self._stack.pop()
        function = self._stack[-1]
        self._check_call(function, "Trying to call reduce for unrecognized function")
        self._stack[-1] = function(*arguments)

    def _new(self) -> None:
        arguments = self._stack.pop()
        kind = self._stack[-1]
        self._check_call(
            kind,
            "Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got",
        )
        self._stack[-1] = kind.__new__(kind, *arguments)

    def _build(self) -> None:
        state = self._stack.pop()
        instance = self._stack[-1]
        kind = type(instance)
        if kind is collections.OrderedDict:
            instance.__dict__.update(state)
        elif kind in self._allowed.values() or _is_tensor_type(kind):
            if hasattr(instance, "__setstate__"):
                instance.__setstate__(state)
            else:
                _set_state(instance, state)
        else:
            raise pickle.UnpicklingError(
                "Can only build Tensor, Parameter, OrderedDict or types allowlisted via "
                f"`add_safe_globals`, but got {kind}"
            )

    def _append(self) -> None:
        item = self._stack.pop()
        self._check_type("append to lists", (list,))
        self._stack[-1].append(item)

    def _appends(self) -> None:
        items = self._pop_mark()
        self._check_type("extend lists", (list,))
        self._stack[-1].extend(items)

    def _setitem(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._check_type("SETITEM for dict, collections.OrderedDict, collections.Counter", _DICTS)
        self._stack[-1][key] = value

    def _setitems(self) -> None:
        items = self._pop_mark()
        self._check_type("SETITEMS for dict, collections.OrderedDict, collections.Counter", _DICTS)
        self._stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def _check_type(self, what: str, kinds: tuple[type, ...]) -> None:
        kind = type(self._stack[-1])
        if kind not in kinds:
            raise pickle.UnpicklingError(f"Can only {what}, but got {kind}")

    def _persistent(self) -> None:
        pid = self._stack.pop()
        if type(pid) not in (tuple, int):
            raise pickle.UnpicklingError(f"persistent_load id must be tuple or int, but got {type(pid)}")
        if type(pid) is tuple and len(pid) > 0 and pid[0] != "storage":
            raise pickle.UnpicklingError(f"Only persistent_load of storage is allowed, but got {type(pid[0])}")
        if self.persistent_load is None:
            raise pickle.UnpicklingError("unsupported persistent id encountered")
        self._push(self.persistent_load(pid))

    def _get(self, form: str) -> None:
        self._push(self._memo[self._number(form)])

    def _put(self, form: str) -> None:
        index = self._number(form)
        if index < 0:
            raise ValueError("negative argument")
        self._memo[index] = self._stack[-1]

    def _tuple(self, count: int) -> None:
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def _protocol(self) -> None:
        protocol = self._read(1)[0]
        if protocol != 2:
            warnings.warn(
                f"Detected pickle protocol {protocol} in the checkpoint, which was not the "
                "default pickle protocol used by `torch.load` (2). The weights_only Unpickler "
                "might not support all instructions implemented by this protocol, please file an "
                "issue for adding support if you encounter this.",
                UserWarning,
                stacklevel=4,
            )

    def _text(self) -> None:
        self._push(str(self._read(self._number("<I")), "utf-8", "surrogatepass"))

    def _short_string(self) -> None:
        data = self._read(self._number("<B"))
        self._push(data.decode(self._encoding))

    def _long(self) -> None:
        self._push(pickle.decode_long(self._read(self._number("<B"))))


_HANDLERS: dict[bytes, Callable[[WeightsUnpickler], None]] = {
    pickle.PROTO: WeightsUnpickler._protocol,
    pickle.GLOBAL: WeightsUnpickler._global,
    pickle.NEWOBJ: WeightsUnpickler._new,
    pickle.REDUCE: WeightsUnpickler._reduce,
    pickle.BUILD: WeightsUnpickler._build,
    pickle.APPEND: WeightsUnpickler._append,
    pickle.APPENDS: WeightsUnpickler._appends,
    pickle.SETITEM: WeightsUnpickler._setitem,
    pickle.SETITEMS: WeightsUnpickler._setitems,
    pickle.MARK: WeightsUnpickler._mark,
    pickle.TUPLE: lambda machine: machine._push(tuple(machine._pop_mark())),
    pickle.TUPLE1: lambda machine: machine._tuple(1),
    pickle.TUPLE2: lambda machine: machine._tuple(2),
    pickle.TUPLE3: lambda machine: machine._tuple(3),
    pickle.NONE: lambda machine: machine._push(None),
    pickle.NEWFALSE: lambda machine: machine._push(False),
    pickle.NEWTRUE: lambda machine: machine._push(True),
    pickle.EMPTY_TUPLE: lambda machine: machine._push(()),
    pickle.EMPTY_LIST: lambda machine: machine._push([]),
    pickle.EMPTY_DICT: lambda machine: machine._push({}),
    pickle.EMPTY_SET: lambda machine: machine._push(set()),
    pickle.BININT: lambda machine: machine._push(machine._number("<i")),
    pickle.BININT1: lambda machine: machine._push(machine._number("<B")),
    pickle.BININT2: lambda machine: machine._push(machine._number("<H")),
    pickle.BINFLOAT: lambda machine: machine._push(machine._number(">d")),
    pickle.BINUNICODE: WeightsUnpickler._text,
    pickle.SHORT_BINSTRING: WeightsUnpickler._short_string,
    pickle.LONG1: WeightsUnpickler._long,
    pickle.BINPERSID: WeightsUnpickler._persistent,
    pickle.BINGET: lambda machine: machine._get("<B"),
    pickle.LONG_BINGET: lambda machine: machine._get("<I"),
    pickle.BINPUT: lambda machine: machine._put("<B"),
    pickle.LONG_BINPUT: lambda machine: machine._put("<I"),
}


def _is_tensor_type(kind: type) -> bool:
    import flambeau

    return kind is flambeau.Tensor or kind is flambeau.nn.Parameter


def _set_state(instance: Any, state: Any) -> None:
    """What `BUILD` does for an object without `__setstate__`."""
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        instance.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)


def globals_in_pickle(data: bytes) -> set[str]:
    """The names of all globals a pickle refers to, without loading it."""
    import pickletools

    found = set()
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL" and argument is not None:
            module, name = _old_name(*argument.split(" ", 1))
            found.add(name if module == "builtins" else f"{module}.{name}")
    return found


def is_allowed(name: str) -> bool:
    """Whether `load(weights_only=True)` accepts the global that files call `name`."""
    known = {*_BUILTINS, "_codecs.encode", *_TORCH, *_user_globals()}
    return name in known or f"builtins.{name}" in known


_TRUST = (
    "In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` "
    "from `False` to `True`. Re-running `torch.load` with `weights_only` set to `False` will "
    "likely succeed, but it can result in arbitrary code execution. Do it only if you got the "
    "file from a trusted source."
)


def explain(error: pickle.UnpicklingError) -> pickle.UnpicklingError:
    """The error of a refused load, with what its user can do about it."""
    reason = str(error)
    if "Unsupported global: GLOBAL" in reason:
        advice = (
            "This file can still be loaded, to do so you have two options, \033[1mdo those steps "
            f"only if you trust the source of the checkpoint\033[0m. \n\t(1) {_TRUST}\n\t(2) "
            "Alternatively, to load with `weights_only=True` please check the recommended steps "
            f"in the following error message.\n\tWeightsUnpickler error: {reason}"
        )
    elif reason.startswith("Trying to load unsupported GLOBAL"):
        advice = f"{_TRUST}\n\n\n{reason}"
    else:
        advice = (
            f"{_TRUST}\nPlease file an issue with the following so that we can make "
            "`weights_only=True` compatible with your use case: WeightsUnpickler error: "
            f"\n\n{reason}"
        )
    return pickle.UnpicklingError(
        f"Weights only load failed. {advice}\n\nCheck the documentation of torch.load to learn "
        "more about types accepted by default with weights_only "
        "https://pytorch.org/docs/stable/generated/torch.load.html."
    )
