"""Reads pickles without running them: a small machine that knows how data are put together, and nothing else.

What a pickle names is looked up in a table of stand-ins, which the caller gives; nothing is imported, nothing that
the file says is called, and what it can cost is bounded by its own size.
"""

import pickletools
from collections.abc import Callable, Hashable
from typing import IO, Any

import numpy as np

Find = Callable[[str, str], Callable[..., Any]]
"""The stand-in of a module's name."""

LITERALS = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
IGNORED = frozenset(("PROTO", "FRAME"))
MOST_IN_KEY = 8
"""Entries of a tuple that is a key: deep ones take forever to hash."""


class Unfinished:
    """What stands for an object between the opcode that begins it and the one that fills it."""

    done: Any = None

    def build(self, state: Any) -> Any:
        """The object.

        Raises:
            ValueError: it cannot be that.
        """
        raise NotImplementedError


class Inert:
    """Stands for what is of no interest: takes everything, does nothing."""

    def __init__(self, *_: object) -> None: ...


class Budget:
    """Bytes that stand-ins may copy: a text that is named a million times is not copied a million times."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Takes some.

        Raises:
            ValueError: none are left.
        """
        self.left -= count
        if self.left < 0:
            raise ValueError("it repeats itself to a size that no data have")


def unpickle(file: IO[bytes], find: Find, persistent: Callable[[Any], Any] | None = None) -> Any:
    """What a pickle holds.

    Args:
        file: bytes that end somewhere; nothing after the pickle's end is read.
        find: the stand-ins of what it names.
        persistent: what stands for its references to other parts of the file.

    Raises:
        ValueError: (or another exception of a parser) no pickle, a cut one, or one that is not made of data.
    """
    machine = _Machine(find, persistent)
    for opcode, argument, _ in pickletools.genops(file):
        name = opcode.name
        if name == "STOP":
            return machine.pop()
        if name in LITERALS:
            machine.stack.append(argument)
        elif name not in IGNORED:
            step = getattr(machine, f"op_{name.lower()}", None)
            if step is None:
                raise ValueError(f"the instruction {name}")
            step(argument)
    raise ValueError("it has no end")


class _Machine:
    """The stack and the memory of a pickle; a method for each instruction."""

    def __init__(self, find: Find, persistent: Callable[[Any], Any] | None) -> None:
        self.find, self.persistent = find, persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """The upper end of the stack, down to the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise ValueError("it takes more than it gave")
        return _finished(self.stack.pop())

    def top(self) -> Any:
        """The upper end, which stays."""
        self.stack.append(value := self.pop())
        return value

    def marked(self) -> list[Any]:
        """What lies above the last mark, which goes."""
        begin = self.marks.pop()
        values = [_finished(value) for value in self.stack[begin:]]
        del self.stack[begin:]
        return values

    def op_none(self, _: Any) -> None:
        self.stack.append(None)

    def op_newtrue(self, _: Any) -> None:
        self.stack.append(True)

    def op_newfalse(self, _: Any) -> None:
        self.stack.append(False)

    def op_mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def op_pop(self, _: Any) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def op_pop_mark(self, _: Any) -> None:
        self.marked()

    def op_dup(self, _: Any) -> None:
        self.stack.append(self.top())

    def op_get(self, index: Any) -> None:
        self.stack.append(_finished(self.memo[int(index)]))

    op_binget = op_long_binget = op_get

    def op_put(self, index: Any) -> None:
        self.memo[int(index)] = self.stack[-1]

    op_binput = op_long_binput = op_put

    def op_memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def op_empty_list(self, _: Any) -> None:
        self.stack.append([])

    def op_empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def op_empty_tuple(self, _: Any) -> None:
        self.stack.append(())

    def op_list(self, _: Any) -> None:
        self.stack.append(self.marked())

    def op_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self.marked()))

    def op_tuple1(self, _: Any) -> None:
        self.stack.append((self.pop(),))

    def op_tuple2(self, _: Any) -> None:
        b, a = self.pop(), self.pop()
        self.stack.append((a, b))

    def op_tuple3(self, _: Any) -> None:
        c, b, a = self.pop(), self.pop(), self.pop()
        self.stack.append((a, b, c))

    def op_dict(self, _: Any) -> None:
        values = self.marked()
        self.stack.append({})
        self._set(values)

    def op_setitem(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self._set([key, value])

    def op_setitems(self, _: Any) -> None:
        self._set(self.marked())

    def op_append(self, _: Any) -> None:
        self._extend([self.pop()])

    def op_appends(self, _: Any) -> None:
        self._extend(self.marked())

    def op_global(self, names: Any) -> None:
        module, _, name = str(names).partition(" ")
        self.stack.append(self.find(module, name))

    def op_stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self.stack.append(self.find(str(module), str(name)))

    def op_reduce(self, _: Any) -> None:
        arguments, call = self.pop(), self.pop()
        if not isinstance(arguments, tuple) or not callable(call):
            raise ValueError("it calls what is not a name")
        self.stack.append(call(*arguments))

    op_newobj = op_reduce

    def op_build(self, _: Any) -> None:
        state, begun = self.pop(), self.stack.pop()
        if isinstance(begun, Unfinished):
            begun.done = begun.build(state)
            begun = begun.done
        elif not isinstance(begun, dict | Inert):  # a dict's attributes are of no interest
            raise ValueError(f"the state of a {type(begun).__name__}")
        self.stack.append(begun)

    def op_binpersid(self, _: Any) -> None:
        if self.persistent is None:
            raise ValueError("it refers to another file")
        self.stack.append(self.persistent(self.pop()))

    def _set(self, values: list[Any]) -> None:
        table = self.top()
        if isinstance(table, Inert):
            return
        if not isinstance(table, dict) or len(values) % 2:
            raise ValueError(f"entries of a {type(table).__name__}")
        for key, value in zip(values[::2], values[1::2], strict=True):
            table[_key(key)] = value

    def _extend(self, values: list[Any]) -> None:
        row = self.top()
        if isinstance(row, Inert):
            return
        if not isinstance(row, list):
            raise ValueError(f"entries of a {type(row).__name__}")
        row.extend(values)


def _finished(value: Any) -> Any:
    """The object in place of what stood for it while it was made."""
    if not isinstance(value, Unfinished):
        return value
    if value.done is None:
        raise ValueError("an object that contains itself, or was never filled")
    return value.done


def _key(key: Any) -> Hashable:
    """A key, of a kind that is quick to hash."""
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) > MOST_IN_KEY or not all(isinstance(p, str | bytes | int | float | np.generic | None) for p in parts):
        raise ValueError(f"a {type(key).__name__} as a key")
    if any(isinstance(part, int) and abs(part) >= 2**60 for part in parts):
        raise ValueError("a key of a size that nobody counts to")
    return key
