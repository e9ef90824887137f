"""The release after next: today's code, but for a major version of the messages that today does not know.

python tests/tomorrow.py convert --config wats.toml
"""

from wats_broker import names

#: Nothing else may have been loaded before: the version is part of every key and queue that is named from here on.
MAJOR = 3

if __name__ == "__main__":
    names.MAJOR = MAJOR  # type: ignore[misc]

    from wats_worker.cli.main import run

    run()
