"""``wats-worker archive``: run the archive stage, or ask for what it keeps."""

import typer

from wats_broker.names import Stage
from wats_worker.cli.common import Config, load, unix_only

app = typer.Typer(help="Keep what is delivered, and give it back.", invoke_without_command=True)


@app.callback()
def archive(context: typer.Context, config: Config = None) -> None:
    """Run the archive stage alone: what is delivered leaves the spool for the archive."""
    if context.invoked_subcommand:
        return
    unix_only()
    from wats_worker.app import stages  # noqa: PLC0415  a question should be answered at once

    raise typer.Exit(stages.run(Stage.ARCHIVE, load(config)))
