"""Only ``wats_broker.files`` opens a file to write to it."""

import ast
from collections.abc import Iterator

import pytest
from support import ROOT

#: Who else may, and why. A module that does not do it any more is to be taken off the list.
ALLOWED = {
    "wats_worker/sandbox/confine.py": "the jailed child's own side: /proc/self/oom_score_adj and /dev/null",
    "wats_worker/sandbox/syscalls.py": "names the flags for the kernel's filter, and opens nothing",
    "wats_worker/sandbox/trial.py": "tries in the jail whether the kernel forbids it",
    "wats_worker/poll/child.py": "the poller's own process: /proc/self/oom_score_adj",
    "wats_worker/spool/zips.py": "what a zip is packed into was opened by wats_broker.files",
    "wats_worker/backup/pack.py": "what a backup is packed into was opened by wats_broker.files",
    "wats_worker/backup/secrets.py": "packs into memory",
    "wats_worker/backup/make.py": "what the broker remembers waits in a file without a name",
    "wats_worker/demo/run.py": "plays the testers, who know nothing of us and write slowly on purpose",
    "wats_worker/converters/handbook.py": "writes the documentation page, in a checkout",
}
#: Methods of paths, and functions, that write whatever they are given.
ALWAYS = {
    "write_text", "write_bytes", "touch", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile",
    "copyfile", "copy", "copy2", "copytree", "truncate", "FileHandler", "RotatingFileHandler",
    "TimedRotatingFileHandler", "WatchedFileHandler",
}  # fmt: skip
#: Of these only the ones of their modules are meant: dictionaries are copied too.
OF_MODULES = {
    "copy": {"shutil"},
    "copy2": {"shutil"},
    "copyfile": {"shutil"},
    "copytree": {"shutil"},
    "truncate": {"os"},
}
#: What opens, by a mode in words.
BY_MODE = {"open", "fdopen", "ZipFile", "TarFile", "GzipFile"}
FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}


def writes(tree: ast.AST) -> Iterator[int]:
    """The lines on which a file is opened to be written to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, owner = called(node.func)
            if (name in ALWAYS and owner in OF_MODULES.get(name, {owner})) or (
                name in BY_MODE and any(is_for_writing(word) for word in mode_words(node))
            ):
                yield node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in FLAGS and getattr(node.value, "id", "") == "os":
            yield node.lineno


def called(function: ast.expr) -> tuple[str, str]:
    if isinstance(function, ast.Attribute):
        return function.attr, getattr(function.value, "id", "")
    return getattr(function, "id", ""), ""


def mode_words(call: ast.Call) -> Iterator[str]:
    """What may be the mode: the second argument, or the only one of a path's ``open``."""
    first_is_mode = isinstance(call.func, ast.Attribute) and call.func.attr == "open" and len(call.args) == 1
    places = call.args[:1] if first_is_mode else call.args[1:2]
    for value in [*places, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def is_for_writing(mode: str) -> bool:
    return 0 < len(mode) <= 3 and set(mode) <= set("rwaxbt+") and bool(set(mode) & set("wax+"))


def modules() -> list[str]:
    found = [*(ROOT / "wats_broker").rglob("*.py"), *(ROOT / "wats_worker").rglob("*.py")]
    own = ROOT / "wats_broker/files"
    # Templates are written for people, who own what they do with them.
    return [
        str(file.relative_to(ROOT))
        for file in found
        if own not in file.parents and "template" not in file.parts
    ]


def test_nothing_else_opens_a_file_to_write_to_it():
    """So whole, private and durable is decided in one place. What is on the list has its reason."""
    found = {
        module: lines
        for module in modules()
        if (lines := list(writes(ast.parse((ROOT / module).read_text(encoding="utf-8")))))
    }

    strangers = [f"{module}:{line}" for module in found.keys() - ALLOWED for line in found[module]]
    assert strangers == [], "use wats_broker.files"
    assert ALLOWED.keys() - found == set(), "take them off the list"


@pytest.mark.parametrize(
    "line",
    [
        'open("x", "w")',
        'open("x", mode="ab")',
        'Path("x").open("r+b")',
        'Path("x").open(mode="x")',
        'Path("x").write_text("")',
        "os.open(name, os.O_RDWR | os.O_NOFOLLOW)",
        'os.fdopen(3, "wb")',
        'zipfile.ZipFile("x", "a")',
        "shutil.copy(a, b)",
    ],
)
def test_every_way_to_write_is_known(line):
    """A list that knows only some of them would comfort and not help."""
    assert list(writes(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ['open("x")', 'Path("x").open("rb")', "source.open()", "{}.copy()", "os.open(name, os.O_RDONLY)"]
)
def test_reading_is_free(line):
    """And so are copies of what is no file."""
    assert not list(writes(ast.parse(line)))
