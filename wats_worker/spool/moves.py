"""What becomes of the card of a file in a store when the file moves on. Pure.

Each looks at the card as it is *now*, whatever was seen when somebody made up their mind: the same card means
that the move is none any more.
"""

from collections.abc import Mapping
from typing import Any

from wats_worker.spool.cards import Card
from wats_worker.spool.model import Place


def aside(card: Card, seen: Card, reason: Mapping[str, Any], stderr: str) -> Card:
    """The card of a file that a person has to look at; unless it does not wait any more."""
    if card.place is not Place.WAITING or card.life != seen.life:
        return card
    return card.model_copy(update={"place": Place.QUARANTINED, "reason": dict(reason), "stderr": stderr})


def again(card: Card, converter: str) -> Card:
    """The card of a file that is to be converted again from the beginning; unless it is finished."""
    if card.place is Place.FINISHED:
        return card
    fresh: dict[str, Any] = {"place": Place.WAITING, "pack": None, "reason": {}, "stderr": ""}
    if card.place is Place.QUARANTINED:
        fresh["meta"] = card.meta.model_copy(update={"converter": converter, "options": None})
    return card.model_copy(update=fresh)


def finished(card: Card, seen: Card) -> Card:
    """The card of a file whose every report is delivered; unless other reports have come in their place."""
    same = card.place is Place.WAITING and card.pack == seen.pack and card.life == seen.life
    return card.model_copy(update={"place": Place.FINISHED}) if same else card


def left(card: Card, seen: Card) -> Card:
    """The card of a file that is here no more, if that is the stay that is over."""
    return card.model_copy(update={"left": True}) if card.life == seen.life else card
