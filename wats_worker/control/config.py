"""``/config``: what is in force, and whether a changed configuration could be used."""

from pathlib import Path

from fastapi import APIRouter

from wats_worker.control.desk import Desk
from wats_worker.control.door import Administers
from wats_worker.control.models.configuration import Checked, Configuration, Draft, Found
from wats_worker.settings import Misconfigured, understand
from wats_worker.settings.load import FILE_NAME
from wats_worker.settings.masking import masked
from wats_worker.settings.mistakes import dotted


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/config", tags=["config"])

    @rooms.get("")
    def show(_: Administers) -> Configuration:
        """Show the configuration in force, defaults and all. Secrets are masked."""
        return Configuration(
            file=str(desk.config) if desk.config else None,
            settings=masked(desk.settings.model_dump(mode="json")),
        )

    @rooms.post("/check")
    def check(draft: Draft, _: Administers) -> Checked:
        """Say what is wrong with the text of a configuration file, as if it lay where ours does."""
        try:
            understand(draft.text, desk.config or Path.cwd() / FILE_NAME, checks=desk.neighbours.checks)
        except Misconfigured as wrong:
            found = [
                Found(place=one.place, key=dotted(one.loc), what=one.what, fix=one.fix)
                for one in wrong.mistakes
            ]
            return Checked(good=False, mistakes=found)
        return Checked(good=True, mistakes=[])

    return rooms
