"""From text to nodes. A value may hold parentheses itself, in a path for one: they come in pairs."""

import re
from collections.abc import Iterator
from typing import Final

from wats_worker.converters.base import NotReady, Refused
from wats_worker.converters.texts import shown

#: The beginning of a node, a quoted text, or one of the two parentheses.
_SIGN: Final = re.compile(r"\(([A-Z][A-Z0-9_]{0,40}):|\"[^\"]*\"|[()]")
_DEEPEST: Final = 30


class Node:
    """One node: its name, the text right in it, the nodes in it, and where it begins."""

    __slots__ = ("children", "depth", "line", "name", "parts")

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line  # of the outermost node it belongs to
        self.parts: list[str] = []
        self.children: list[Node] = []
        self.depth = 0  # of parentheses that are text

    @property
    def place(self) -> str:
        """Where the outermost node begins, for a message."""
        return f"line {self.line}"

    @property
    def text(self) -> str:
        """The text in the node, without quotes and without blanks around it."""
        text = "".join(self.parts).strip()
        return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text

    def get(self, name: str) -> "Node | None":
        """The first child of this name."""
        for child in self.children:
            if child.name == name:
                return child
        return None

    def word(self, name: str) -> str:
        """The text of the first child of this name; empty when there is none."""
        child = self.get(name)
        return child.text if child else ""

    def below(self, *names: str) -> "Iterator[Node]":
        """All nodes of these names below this one, in their order; not those within each other."""
        for child in self.children:
            if child.name in names:
                yield child
            else:
                yield from child.below(*names)


def nodes(text: str) -> Iterator[Node]:
    """The outermost nodes of a text, in its order.

    Raises:
        NotReady: a node has no end.
        Refused: there is text outside of any node.
    """
    opened: list[Node] = []
    at, line, counted = 0, 1, 0
    for sign in _SIGN.finditer(text):
        if sign.start() > at:
            _add(opened, text[at : sign.start()], text, at)
        at = sign.end()
        if sign[1]:
            if not opened:
                line, counted = line + text.count("\n", counted, at), at
            elif len(opened) >= _DEEPEST:
                raise Refused(f"more than {_DEEPEST} nodes in each other", place=opened[0].place)
            opened.append(Node(sign[1], line))
        elif sign[0] == ")" and opened and not opened[-1].depth:
            node = opened.pop()
            if opened:
                opened[-1].children.append(node)
            else:
                yield node
        else:
            _add(opened, sign[0], text, sign.start())
            if opened and sign[0] in "()":
                opened[-1].depth += 1 if sign[0] == "(" else -1
    if opened:
        raise NotReady(f"the {opened[0].name} of {opened[0].place} has no end yet")
    if at < len(text):
        _add(opened, text[at:], text, at)


def _add(opened: list[Node], piece: str, text: str, at: int) -> None:
    if opened:
        opened[-1].parts.append(piece)
    elif not piece.isspace():
        line = text.count("\n", 0, at) + 1
        raise Refused(f"{shown(piece.strip())} stands outside of any node", place=f"line {line}")
