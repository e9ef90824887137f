"""What a converter has no use for, why, and what to use instead. Pure data, for the audit and for imports.

None of this is the wall: whoever means harm writes around every list. The kernel is the wall. This is for
those who mean well and would otherwise learn from a PermissionError in the middle of a night shift.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Rule(StrEnum):
    """What kind of thing it is; the word in reports for machines."""

    NETWORK = "network"
    PROCESS = "process"
    THREADS = "threads"
    ENVIRONMENT = "environment"
    FILES = "files"
    DYNAMIC = "dynamic-code"
    REFLECTION = "reflection"
    NATIVE = "native-code"
    WORKER = "worker-internals"
    ENDING = "ending"
    CHANCE = "chance"
    NAMES = "names"


@dataclass(frozen=True)
class Advice:
    """Why not, and what instead."""

    rule: Rule
    why: str
    instead: str


_NETWORK: Final = Advice(
    Rule.NETWORK,
    "the jail has no network of any kind",
    "hand over what has to be known in the source's options; the worker delivers the reports",
)
_PROCESS: Final = Advice(
    Rule.PROCESS,
    "the jail starts no process, sends no signal and moves no limit",
    "read the format in Python; the worker runs several conversions side by side by itself",
)
_THREADS: Final = Advice(
    Rule.THREADS,
    "this converter is not granted threads",
    "do one thing after the other, or set threads in its [converters] table",
)
_ENVIRONMENT: Final = Advice(
    Rule.ENVIRONMENT,
    "the environment is empty in the jail, and the same file has to give the same report on every machine",
    "take it from the source's options, or name the variable under environment in its [converters] table",
)
_FILES: Final = Advice(
    Rule.FILES,
    "the jail holds no files but the one to convert, Python's own and the converter's folder",
    "read the file with source.open(), source.read() or source.text(); write to tempfile's folder",
)
_DYNAMIC: Final = Advice(
    Rule.DYNAMIC,
    "it runs code that nobody has read",
    "read data as data: json, csv, struct, ast.literal_eval, wats_worker.converters.texts.number",
)
_REFLECTION: Final = Advice(
    Rule.REFLECTION,
    "it reaches into the interpreter, which breaks with its next release and hides what the code does",
    "pass values as arguments; a plain import, class or dictionary does it",
)
_NATIVE: Final = Advice(
    Rule.NATIVE,
    "it reaches past Python: a slip there ends the process, and the file with it",
    "read binary formats with struct or int.from_bytes",
)
_WORKER: Final = Advice(
    Rule.WORKER,
    "it is no part of what converters may build on and changes without notice",
    "use wats_worker.converters and wats_worker.reports",
)
_ENDING: Final = Advice(
    Rule.ENDING,
    "it ends the process without a reason that anybody could read",
    "raise Refused with reason, place, field and fix, or NotReady",
)
_CHANCE: Final = Advice(
    Rule.CHANCE,
    "the same file has to give the same report at every attempt",
    "leave the id empty unless the log carries one; the worker makes it from the file",
)
NAMES: Final = Advice(
    Rule.NAMES,
    "what a star brings in can't be seen here",
    "import the names that are used",
)
OWN_FILES: Final = _FILES


def _table(entries: Mapping[Advice, str]) -> Mapping[str, Advice]:
    return MappingProxyType({name: advice for advice, names in entries.items() for name in names.split()})


#: Modules of which nothing is of use. A package stands for all below it.
MODULES: Final = _table(
    {
        _NETWORK: """
            socket _socket ssl _ssl http.client http.server http.cookiejar urllib.request xmlrpc socketserver
            ftplib smtplib poplib imaplib nntplib telnetlib wsgiref webbrowser requests httpx httpcore aiohttp
            urllib3 websocket websockets redis valkey celery kombu amqp pika paho paramiko grpc psycopg
            psycopg2 pymysql pyodbc pymssql asyncpg boto3 smbclient""",
        _PROCESS: "subprocess _posixsubprocess multiprocessing pty pexpect sh plumbum psutil signal resource",
        _THREADS: "_thread",
        _ENVIRONMENT: "getpass pwd grp",
        _DYNAMIC: """
            importlib.util importlib.machinery importlib.abc imp zipimport runpy code codeop builtins
            pickle _pickle marshal shelve dill cloudpickle""",
        _REFLECTION: "gc inspect dis bdb pdb trace tracemalloc faulthandler _xxsubinterpreters",
        _NATIVE: "ctypes _ctypes cffi fcntl termios seccompy pyseccomp landlockpy",
        _WORKER: """
            wats_broker wats_worker.app wats_worker.cli wats_worker.convert wats_worker.demo wats_worker.logs
            wats_worker.pulse wats_worker.sandbox wats_worker.settings wats_worker.simulator wats_worker.spool
            wats_worker.child wats_worker.supervisor wats_worker.upload wats_worker.watch""",
    }
)

#: Parts of modules that are fine otherwise, and functions that are always there.
NAMED: Final = _table(
    {
        _NETWORK: "asyncio.open_connection asyncio.open_unix_connection asyncio.start_server",
        _PROCESS: """
            os.system os.popen os.fork os.forkpty os.execl os.execle os.execlp os.execlpe os.execv os.execve
            os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp
            os.spawnvpe os.posix_spawn os.posix_spawnp os.startfile os.kill os.killpg os.nice os.setsid
            os.setpgid asyncio.create_subprocess_exec asyncio.create_subprocess_shell
            concurrent.futures.ProcessPoolExecutor""",
        _THREADS: """
            threading.Thread threading.Timer concurrent.futures.ThreadPoolExecutor asyncio.to_thread""",
        _ENVIRONMENT: """
            os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv os.getlogin os.uname os.getuid
            os.path.expandvars platform.node sys.argv""",
        _FILES: """
            os.chmod os.chown os.chroot os.link os.symlink os.mkfifo os.mknod os.path.expanduser
            pathlib.Path.home""",
        _DYNAMIC: """
            exec eval compile breakpoint __import__ importlib.import_module importlib.reload
            sys.path sys.modules sys.meta_path sys.path_hooks""",
        _REFLECTION: """
            globals sys._getframe sys._current_frames sys.settrace sys.setprofile sys.addaudithook
            sys.setrecursionlimit threading.settrace threading.setprofile
            types.CodeType types.FunctionType""",
        _ENDING: "exit quit SystemExit sys.exit os._exit os.abort",
        _CHANCE: "uuid.uuid1 uuid.uuid4 os.urandom secrets random",
    }
)

#: Attributes that lead from any object into the interpreter.
ATTRIBUTES: Final = frozenset(
    {
        "__builtins__", "__globals__", "__subclasses__", "__bases__", "__mro__", "__code__",
        "__closure__", "__loader__", "__spec__", "__getattribute__", "__reduce__", "__reduce_ex__",
        "__import__", "__self__", "f_back", "f_globals", "f_locals", "f_builtins", "f_code",
        "tb_frame", "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "co_consts",
    }
)  # fmt: skip
#: What there is to say about those.
REFLECTION: Final = _REFLECTION


def of_module(name: str) -> Advice | None:
    """What there is to say about importing a module.

    >>> of_module("http.client.whatever").rule.value, of_module("http"), of_module("json")
    ('network', None, None)
    """
    return _longest(MODULES, name)


def of_name(name: str) -> Advice | None:
    """What there is to say about a dotted name."""
    return _longest(NAMED, name)


def accepts(accepted: AbstractSet[str], name: str) -> bool:
    """Whether a name, or something around it, is among those that an operator accepts.

    >>> accepts({"ctypes"}, "ctypes.util"), accepts({"ctypes.util"}, "ctypes")
    (True, False)
    """
    parts = name.split(".")
    return any(".".join(parts[:count]) in accepted for count in range(1, len(parts) + 1))


def _longest(table: Mapping[str, Advice], name: str) -> Advice | None:
    """The entry for the name, or for the nearest thing around it."""
    while name:
        if name in table:
            return table[name]
        name = name.rpartition(".")[0]
    return None
