"""``wats-worker token``: who may come in at the control door."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from wats_broker.access import Scope
from wats_worker.cli.common import Config, Json, console, door, print_json, problems, say

app = typer.Typer(help="Make, list, change and end the tokens of the control door.", no_args_is_help=True)

TokenId = Annotated[str, typer.Argument(help="The token's id, as 'token list' has it.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whom or what it is for.")],
    scope: Annotated[Scope, typer.Option(help="What it may do: look, act on the line, or all.")] = Scope.READ,
    days: Annotated[
        float | None, typer.Option(min=0.01, max=3660, help="It ends after so many. Else never.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a token. Its text is printed now and can never be shown again."""
    with door(config) as control:
        made = control.create_token(name, scope, lasts_days=days)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    say(made.text)
    problems.print(f"Token {made.token.id} for {name}, scope {scope}. Keep it: nobody can show it again.")


@app.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List all tokens, without their texts."""
    with door(config) as control:
        found = control.tokens()
    if as_json:
        print_json(found.model_dump(mode="json")["tokens"])
        return
    table = Table("id", "name", "scope", "made", "ends")
    for token in found.tokens:
        ends = "when its file goes" if token.kept_elsewhere else _day(token.expires_at)
        table.add_row(token.id, Text(token.name), token.scope, _day(token.created_at), ends)
    console.print(table)


@app.command()
def rotate(
    token_id: TokenId,
    grace: Annotated[
        float, typer.Option(min=0, max=30 * 86400, help="Seconds for which the old text lets in as well.")
    ] = 3600.0,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Give a token a new text. The old one lets in for a while yet, so nobody is shut out."""
    with door(config) as control:
        made = control.rotate_token(token_id, grace_s=grace)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    say(made.text)
    problems.print(f"The old text of {made.token.name} lets in for {grace:g} s.", highlight=False)


@app.command()
def revoke(token_id: TokenId, config: Config = None) -> None:
    """End a token at once."""
    with door(config) as control:
        control.revoke_token(token_id)
    say(f"token {token_id} lets nobody in any more")


@app.command()
def notes(
    count: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell what happened at the door, newest first: refusals, changes, and who did what."""
    with door(config) as control:
        found = control.notes(count=count).notes
    if as_json:
        print_json([{"at": one.at, "event": one.event, "who": one.who, "about": one.about} for one in found])
        return
    for one in found:
        at = datetime.fromtimestamp(one.at, UTC).astimezone()
        say(f"{at:%Y-%m-%d %H:%M:%S} {one.event} {one.who} {one.about}".rstrip())


def _day(at: float | None) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M}" if at else ""
