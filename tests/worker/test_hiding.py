"""The configuration's text without its secrets, and with them again when it comes back."""

import tomllib
import typing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from wats_worker.settings import WorkerSettings
from wats_worker.settings.hiding import StillHidden, hidden, restored
from wats_worker.settings.masking import is_secret

FULL = """# A plant.  token = "older-one"
[broker]
url = "redis://me:pw-1@queue:6379/0"   # was redis://me:pw-0@old:6379
[server]
url = "https://plant.example"
token = 'abc "quoted"' # keep
proxy = "http://u:pw-2@proxy:3128"
[control]
token = "wats_1"
[telemetry]
authorization = "Bearer pw-3"
[[sources]]
name = "ict"
folder = "/in"
options = { password = "pw-4", sheet = 2 }
[[sources]]
name = "fct"
folder = "/fct"
[sources.options]
dsn = "Server=x;PWD=pw-5"
api_key = ["pw-6", "pw-7"]
"""
SECRETS = ("older-one", "pw-", "abc", "wats_1", "Bearer")


def test_no_secret_is_left_in_the_text():
    """Wherever it stands, comments among it; all else is as it was written."""
    told = hidden(FULL)

    assert not [secret for secret in SECRETS if secret in told]
    assert 'url = "redis://me:***@queue:6379/0"   # was redis://me:***@old:6379' in told
    assert told.count("\n") == FULL.count("\n")


def test_what_comes_back_untouched_is_the_same_file():
    """To the letter, but for how a hidden value was quoted."""
    back = restored(hidden(FULL), FULL)

    assert tomllib.loads(back) == tomllib.loads(FULL)
    assert '# A plant.  token = "older-one"\n' in back
    assert "# was redis://me:pw-0@old:6379\n" in back


def test_a_secret_stays_where_something_beside_it_is_changed():
    """Sources in another order, one taken away: each keeps its own."""
    told = hidden(FULL)
    begin, ict, fct = (
        told.partition("[[sources]]")[0],
        *(f"[[sources]]{part}" for part in told.split("[[sources]]")[1:]),
    )

    swapped = tomllib.loads(restored(begin + fct + ict, FULL))
    alone = tomllib.loads(restored(begin + fct, FULL))

    assert swapped["sources"][1]["options"]["password"] == "pw-4"
    assert swapped["sources"][0]["options"]["api_key"] == ["pw-6", "pw-7"]
    assert alone["sources"][0]["options"]["dsn"] == "Server=x;PWD=pw-5"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('url = "redis://me:***@queue:6379/0"', 'url = "redis://me:***@elsewhere:6379/0"'),
        ('[[sources]]\nname = "ict"', '[[sources]]\nname = "other"'),
        ("[telemetry]\n", '[simulator]\ntoken = "***"\n[telemetry]\n'),
        ('PWD=***"', 'PWD=***;Server=evil"'),
    ],
)
def test_a_secret_does_not_move(old, new):
    """Somebody who can't read it could have it sent to a place of theirs."""
    told = hidden(FULL)
    assert old in told

    with pytest.raises(StillHidden):
        restored(told.replace(old, new, 1), FULL)


def test_stars_that_hide_nothing_are_stars():
    """As in a pattern."""
    text = '[[sources]]\nname = "a"\nfolder = "/a"\nexclude = ["***"]\n'

    assert restored(text, "") == text


def test_every_secret_of_the_schema_is_one_by_its_name():
    """A new one that is called differently would be shown."""

    def secrets(model, seen):
        for name, field in model.model_fields.items():
            for kind in kinds(field.annotation):
                if kind is SecretStr:
                    yield name
                elif isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
                    yield from secrets(kind, {*seen, kind})

    def kinds(annotation):
        inner = typing.get_args(annotation)
        return [annotation, *(found for one in inner for found in kinds(one))]

    found = set(secrets(WorkerSettings, set()))

    # Passwords in these are hidden as those in any address.
    assert {"token", "password", "authorization"} <= found
    assert {name for name in found if not is_secret(name)} <= {"proxy", "url"}


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8)


@given(st.dictionaries(st.sampled_from(["token", "url", "name", "password", "n"]), PLAIN), PLAIN)
@example({"token": '"""'}, "#")
def test_whatever_the_values_are_they_come_back(values, comment):
    """And the hidden text is still TOML."""
    import tomlkit

    document = tomlkit.document()
    for name, value in values.items():
        document[name] = value
    text = tomlkit.dumps(document) + f"# {comment}\n"

    told = hidden(text)

    assert tomllib.loads(restored(told, text)) == values
    assert {tomllib.loads(told).get(name, "***") for name in ("token", "password")} == {"***"}
