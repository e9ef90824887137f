"""``wats-worker`` and ``python -m wats_worker``."""

from wats_worker.cli.main import run


def main() -> None:
    """Run the command line."""
    run()


if __name__ == "__main__":
    main()
