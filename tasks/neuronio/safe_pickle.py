"""Reads pickles of numbers without running anything that they ask for.

A pickle is a program: it may name any function and have it called. This reader knows dicts, lists,
tuples, sets, strings, numbers and numpy arrays, rebuilds arrays from their bytes by itself, and
refuses every other name. Pickles of Python 2 are read with their strings as latin-1.
"""

import gzip
import pickle
import re

import numpy as np


class PickleError(Exception):
    """The pickle is damaged, or holds what a data file has no need of."""


class _Constructor:
    """What a permitted name stands for: may be called, and nothing else."""

    __slots__ = ("_function",)

    def __init__(self, function):
        object.__setattr__(self, "_function", function)

    def __call__(self, *arguments):
        return self._function(*arguments)

    def __setstate__(self, state):
        raise PickleError("changes a function")

    def __setattr__(self, name, value):
        raise PickleError("changes a function")


class _Type:
    """The type of the elements of an array: booleans and numbers, or objects."""

    __slots__ = ("code", "order")

    def __init__(self, code, *copy_or_align):
        code = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not re.fullmatch(r"[<>|=]?([?biuf]\d{0,2}|O\d?|[SU]\d{1,6})",
                                                         code):
            raise PickleError(f"has an array of type {code!r}, expected numbers")
        self.code, self.order = code.lstrip("<>|="), "<"

    def __setstate__(self, state):
        # (version, byte order, subtype, names, fields, ...): the last three are None for numbers.
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None
                                                                for part in state[2:5]):
            raise PickleError("has an array of records, expected numbers")
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise PickleError(f"has numbers of byte order {order!r}")
        self.order = order

    @property
    def holds_objects(self):
        return self.code.startswith("O")

    @property
    def numpy(self):
        return np.dtype(self.order + self.code)


def _bytes(data):
    if isinstance(data, str):  # a string of Python 2
        return data.encode("latin1")
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    raise PickleError(f"has an array whose contents are a {type(data).__name__}")


def _make_array(shape, dtype, column_major, data):
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise PickleError(f"has an array of shape {shape!r}")
    if not isinstance(dtype, _Type):
        raise PickleError("has an array without a type")
    count = 1
    for extent in shape:
        count *= extent
    if dtype.holds_objects:
        if not isinstance(data, list) or len(data) != count:
            raise PickleError(f"has an array of shape {shape} with other contents")
        flat = np.empty(count, object)
        for index, value in enumerate(data):
            flat[index] = value
    else:
        raw = _bytes(data)
        if len(raw) != count * dtype.numpy.itemsize:
            raise PickleError(f"has an array of shape {shape} and type {dtype.numpy} with "
                              f"{len(raw)} bytes")
        flat = np.frombuffer(raw, dtype.numpy)
    return flat.reshape(shape, order="F" if column_major else "C")


class _Array:
    """An array before its contents are known; plain() puts them in its place."""

    __slots__ = ("value",)

    def __init__(self, *_):
        self.value = None

    def __setstate__(self, state):
        if not isinstance(state, tuple) or len(state) != 5:
            raise PickleError("has an array in an unknown form")
        self.value = _make_array(*state[1:])


class _ArrayClass:
    """Stands for numpy.ndarray where it is an argument; calling it is refused."""


def _reconstruct(kind, *_):
    if kind is not _ArrayClass:
        raise PickleError("has an array of an unknown class")
    return _Array()


def _from_buffer(data, dtype, shape, order="C"):
    array = _Array()
    array.value = _make_array(shape, dtype, order == "F", data)
    return array


def _scalar(dtype, data=b""):
    if not isinstance(dtype, _Type) or dtype.holds_objects:
        raise PickleError("has a scalar that is not a number")
    return _make_array((1,), dtype, False, data)[0].item()


def _encode(text, encoding="latin1"):
    if encoding not in ("latin1", "latin-1"):
        raise PickleError(f"has bytes in the encoding {encoding!r}")
    return text.encode("latin1")


_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_PERMITTED = {
    ("numpy", "dtype"): _Constructor(_Type),
    ("numpy", "ndarray"): _ArrayClass,
    ("_codecs", "encode"): _Constructor(_encode),
    ("collections", "OrderedDict"): _Constructor(lambda pairs=(): dict(pairs)),
    **{(module, "_reconstruct"): _Constructor(_reconstruct) for module in _NUMPY},
    **{(module, "scalar"): _Constructor(_scalar) for module in _NUMPY},
    **{(module, "_frombuffer"): _Constructor(_from_buffer)
       for module in ("numpy.core.numeric", "numpy._core.numeric")},
    **{(module, "set"): _Constructor(lambda items=(): set(items))
       for module in ("__builtin__", "builtins")},
    **{(module, "frozenset"): _Constructor(lambda items=(): frozenset(items))
       for module in ("__builtin__", "builtins")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return _PERMITTED[(module, name)]
        except KeyError:
            raise PickleError(f"asks for {module}.{name}, which is not data. It is not read: do "
                              "not trust where it comes from") from None

    def persistent_load(self, identifier):
        raise PickleError("refers to objects outside of it")


def plain(value):
    """`value` with every array in it as a numpy array. Containers are changed in place."""
    todo, seen = [value], set()
    while todo:
        container = todo.pop()
        if id(container) in seen:
            continue
        seen.add(id(container))
        if isinstance(container, (dict, list)):
            places = container.items() if isinstance(container, dict) else enumerate(container)
            for place, item in list(places):
                if isinstance(item, _Array):
                    container[place] = item.value
                elif isinstance(item, tuple):
                    container[place] = tuple(
                        part.value if isinstance(part, _Array) else part for part in item)
                    todo.extend(container[place])
                elif isinstance(item, (dict, list)):
                    todo.append(item)
    return value.value if isinstance(value, _Array) else value


def load(path):
    """What the pickle in `path` holds, which may be compressed by gzip. Throws PickleError."""
    try:
        with open(path, "rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if compressed else open(path, "rb") as file:
            return plain(_Unpickler(file, encoding="latin1").load())
    except (PickleError, MemoryError):
        raise
    except FileNotFoundError:
        raise PickleError("there is no such file") from None
    except OSError as error:
        raise PickleError(f"cannot be read ({error})") from error
    except Exception as error:  # a damaged pickle fails in any way
        raise PickleError(f"is damaged or not a pickle ({error})") from error
