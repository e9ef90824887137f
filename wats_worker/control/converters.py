"""``/converters``: which there are, and a switch for each."""

from fastapi import APIRouter

from wats_broker.switches import Kind
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import ConverterWord, Why
from wats_worker.control.models.converters import ConverterCard, Converters, Switched


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/converters", tags=["converters"])

    @rooms.get("")
    def converters(_: Reads) -> Converters:
        """List every converter as it is now: plugins are exchanged as soon as their files change."""
        return Converters(converters=cards(desk))

    @rooms.post("/{name}/disable")
    def disable(name: ConverterWord, why: Why, who: Operates) -> Switched:
        """Use a converter no more. A file that only it could convert is quarantined, and can be replayed."""
        if name not in {card.name for card in desk.neighbours.converters()}:
            raise problems.not_found(f"there is no converter {name!r}")
        if not desk.switches.turn_off(Kind.CONVERTER, name, who=who.name, reason=why.reason):
            raise problems.conflict("too much is switched off", fix="switch something on again")
        desk.did("converter_disabled", who.name, name, reason=why.reason)
        return Switched(name=name, on=False, changed=True)

    @rooms.post("/{name}/enable")
    def enable(name: ConverterWord, who: Operates) -> Switched:
        """Use a converter again that was disabled here. What the configuration says stays as it says."""
        changed = desk.switches.turn_on(Kind.CONVERTER, name)
        if not changed and name not in {card.name for card in desk.neighbours.converters()}:
            raise problems.not_found(f"there is no converter {name!r}")
        desk.did("converter_enabled", who.name, name)
        return Switched(name=name, on=True, changed=changed)

    return rooms


def cards(desk: Desk) -> list[ConverterCard]:
    """Every converter, those that were switched off among them."""
    off = desk.switches.off(Kind.CONVERTER)
    return [
        card.model_copy(update={"state": "disabled", "reason": str(off[card.name])})
        if card.name in off and card.state == "ready"
        else card
        for card in desk.neighbours.converters()
    ]
