"""TestStand's property tree: Prop elements by name, their values, their arrays."""

import re
from collections.abc import Iterator
from typing import Final, Self

from lxml.etree import _Element

from wats_worker.converters.base import Refused
from wats_worker.converters.texts import number, shown

_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")


class Props:
    """One node of the tree.

    Two properties of one name, or two values of one property, are refused as soon as they are looked at:
    which of them is right, the file doesn't say.

    Args:
        element: A Prop, or the Report itself.
        comma: The report was written with localised decimal points.
    """

    def __init__(self, element: _Element, *, comma: bool = False) -> None:
        self.element = element
        self.comma = comma
        self._members: dict[str, _Element] | None = None
        self._seen: dict[str, Self] = {}  # a step's TS is asked for a dozen times

    @property
    def place(self) -> str:
        """Where the node stands, for messages."""
        return f"line {self.element.sourceline}"

    @property
    def name(self) -> str:
        """The node's own name; array elements may have none."""
        return self.element.get("Name", "")

    def get(self, path: str) -> Self | None:
        """The node at a path such as ``TS.SequenceCall``."""
        node: Self | None = self
        for name in path.split("."):
            node = node._member(name) if node else None  # noqa: SLF001 - one of us
        return node

    def members(self) -> Iterator[Self]:
        """All properties right below, in their order."""
        for child in self.element.iterchildren("Prop"):
            yield self._child(child)

    def results(self) -> Iterator[Self]:
        """The TEResults right below."""
        return (child for child in self.members() if child.element.get("Type") == "TEResult")

    def text(self, path: str) -> str | None:
        """The value at a path as text without blanks around it; None when there is none or it is empty."""
        node = self.get(path)
        if node is None:
            return None
        values = list(node.element.iterchildren("Value"))
        if len(values) > 1:
            raise Refused(f"{len(values)} values of one property", place=node.place, field=path)
        text = (values[0].text or "").strip() if values else ""
        return text or None

    def number(self, path: str) -> float | None:
        """The value at a path as a number, also 0x1F, 3.15e-005 and, in a localised report, 3,15.

        Raises:
            Refused: there is a text, and it is no number.
        """
        text = self.text(path)
        if text is None:
            return None
        try:
            return self.read(text)
        except ValueError as error:
            node = self.get(path) or self
            raise Refused(str(error), place=node.place, field=path) from None

    def read(self, text: str) -> float:
        """A number as this report writes them.

        Raises:
            ValueError: it is none.
        """
        if self.comma and _COMMA.fullmatch(text):
            text = text.replace(",", ".")
        return number(text, prefixed=True)

    def whole(self, path: str, bits: int = 32) -> int | None:
        """The value at a path as an integer of so many bits.

        Raises:
            Refused: it has a fraction or doesn't fit.
        """
        value = self.number(path)
        if value is None:
            return None
        if not float(value).is_integer() or not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            node = self.get(path) or self
            raise Refused(f"{shown(str(value))} is not a {bits}-bit integer", place=node.place, field=path)
        return int(value)

    def flag(self, path: str) -> bool | None:
        """The value at a path as True or False."""
        text = self.text(path)
        if text is None:
            return None
        if text.lower() not in {"true", "false"}:
            node = self.get(path) or self
            raise Refused(f"{shown(text)} is not True or False", place=node.place, field=path)
        return text.lower() == "true"

    def items(self, path: str) -> list[Self]:
        """The elements of the array of containers at a path. Its prototype is not an element."""
        node = self.get(path)
        if node is None:
            return []
        return [
            self._child(prop)
            for value in node.element.iterchildren("Value")
            for prop in value.iterchildren("Prop")
        ]

    def cells(self, path: str) -> list[tuple[tuple[int, ...], str]]:
        """The elements of the array of plain values at a path, with their indexes."""
        node = self.get(path)
        values = node.element.iterchildren("Value") if node else ()
        return [(indexes(value.get("ID", "")), (value.text or "").strip()) for value in values]

    def _member(self, name: str) -> Self | None:
        if name in self._seen:
            return self._seen[name]
        if self._members is None:
            self._members = {}
            for child in self.element.iterchildren("Prop"):
                key = child.get("Name", "")
                if key and key in self._members:
                    raise Refused(
                        "a second property of this name", place=f"line {child.sourceline}", field=key
                    )
                self._members[key] = child
        found = self._members.get(name)
        if found is None:
            return None
        return self._seen.setdefault(name, self._child(found))

    def _child(self, element: _Element) -> Self:
        return type(self)(element, comma=self.comma)


def indexes(text: str) -> tuple[int, ...]:
    """The indexes in an array element's ID.

    >>> indexes("[0][12]")
    (0, 12)
    """
    return tuple(int(index) for index in re.findall(r"\[([0-9]{1,9})\]", text))
