"""Named tuples without the module `typing`: the house's values look and behave as `typing.NamedTuple` makes them.

`typing` compiles every field's annotation when a class is made; with the forty classes of a start with nothing to do
that is 6 ms of 40, which every pod pays on every start. Type checkers see `typing.NamedTuple` itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - re-exported
else:
    from collections import namedtuple

    _ITS_OWN = frozenset({"__module__", "__qualname__", "__annotations__", "__dict__", "__weakref__"})

    class _Maker(type):
        """Turns `class Name(NamedTuple):` with annotated fields into what `collections.namedtuple` makes."""

        def __new__(cls, name, bases, body):  # noqa: ANN001, ANN204
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # noqa: PYI024
            made.__annotations__ = body.get("__annotations__", {})
            for key, value in body.items():
                if key not in _ITS_OWN:
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Maker):
        """See `typing.NamedTuple`. A field without a default after one with a default is a mistake, as there."""
