"""``/config``: what is in force, whether a changed configuration could be used, and the change itself."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from wats_worker.control import reconfiguring
from wats_worker.control.desk import Desk
from wats_worker.control.door import Administers
from wats_worker.control.models.configuration import Applied, Change, Checked, Configuration, Draft
from wats_worker.control.models.refusals import Refused
from wats_worker.control.problems import Problem
from wats_worker.settings import Misconfigured, understand
from wats_worker.settings.changing import mark
from wats_worker.settings.hiding import CannotHide, hidden
from wats_worker.settings.load import FILE_NAME, read
from wats_worker.settings.masking import masked

#: Which text was looked at, as HTTP has it: ``"<mark>"``, or ``*`` for any.
Seen = Annotated[
    str | None, Header(alias="If-Match", max_length=100, description="The ETag of what was changed, or *.")
]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/config", tags=["config"])

    @rooms.get("")
    def show(response: Response, _: Administers) -> Configuration:
        """Show the configuration in force, defaults and all, and the file's text. Secrets are masked."""
        text, etag = _text(desk.config)
        if etag:
            response.headers["ETag"] = f'"{etag}"'
        return Configuration(
            file=str(desk.config) if desk.config else None,
            settings=masked(desk.settings.model_dump(mode="json")),
            text=text,
            etag=etag,
        )

    @rooms.post("/validate")
    def validate(draft: Draft, _: Administers) -> Checked:
        """Say what is wrong with the text of a configuration, were it ours; or what it would change."""
        try:
            text = draft.text
            if desk.config is not None and _text(desk.config)[0] is not None:
                text = reconfiguring.unmasked(text, read(desk.config))
            place = desk.config or Path.cwd() / FILE_NAME
            new = understand(text, place, checks=desk.neighbours.checks)
        except Misconfigured as wrong:
            return Checked(good=False, mistakes=reconfiguring.told(wrong))
        return Checked(good=True, mistakes=[], meant=reconfiguring.meaning(desk, new))

    @rooms.put("", responses={status: {"model": Refused} for status in (412, 428)})
    def put(wanted: Change, who: Administers, if_match: Seen = None) -> Applied:
        """Change the configuration's file, with a backup, and have the line take it up.

        The text is the one that was shown, changed. What is masked in it stays as it is. If it has a mistake,
        if the file was changed meanwhile, or if the line would have to be stopped for it, nothing is changed.
        """
        if if_match is None:
            why = "a change has to say which text it was made from"
            raise Problem(
                428, "no_precondition", why, fix="send If-Match with the etag of GET /api/v2/config"
            )
        seen = if_match.strip().removeprefix("W/").strip('"')
        return reconfiguring.change(desk, wanted, seen=seen, who=who.name)

    return rooms


def _text(file: Path | None) -> tuple[str | None, str | None]:
    """The file's text with every secret hidden, and its mark; nothing where it can't be shown."""
    try:
        text = read(file) if file else ""
        return (hidden(text), mark(text)) if file else (None, None)
    except (Misconfigured, ValueError, CannotHide):
        return None, None
