"""Connections to Redis or Valkey, for our own scripts and for Celery.

All of them share four socket options. Without them a connection that died silently, behind a firewall or a
pulled cable, holds a worker for minutes or for ever; with them it is back in under a second.
"""

import re
import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004  redis-py's own, which the built-in one is no base of
    NoPermissionError,
    ResponseError,
    TimeoutError,  # noqa: A004  as above
)
from redis.retry import Retry
from redis.sentinel import Sentinel

from wats_broker import embedded
from wats_broker.errors import BrokerUnreachable, UnfitBroker
from wats_broker.settings import BrokerSettings

#: The oldest server that both Celery and our scripts run on.
OLDEST: Final = (6, 2)
#: Between two looks for a server that is not there yet.
_LOOK_S: Final = 0.1


def connect(settings: BrokerSettings, *, client_name: str | None = None) -> Redis:
    """A client for the broker. It talks to nobody before its first command.

    No command is ever sent twice behind the caller's back: when the connection breaks after a script was
    sent, only the caller knows whether the script may run again.

    Raises:
        BrokerUnreachable: the embedded server of this folder was never started.
    """
    options = _options(settings, client_name)
    parts = urlsplit(settings.url)
    match parts.scheme:
        case "embedded":
            address = _embedded_address(settings)
            secret = address.password.get_secret_value() if address.password else None
            return Redis(unix_socket_path=str(address.socket), **_without_tcp(options) | {"password": secret})
        case "unix":
            return Redis(unix_socket_path=parts.path, db=settings.database, **_without_tcp(options))
        case "sentinel":
            return _through_sentinels(settings, parts, options)
        case _:
            return Redis(
                parts.hostname or "localhost",
                parts.port or 6379,
                settings.database,
                **options,
                **(_tls(settings) if parts.scheme == "rediss" else {}),
            )


def reach(
    settings: BrokerSettings,
    *,
    patience_s: float = 30.0,
    stop: threading.Event | None = None,
    client_name: str | None = None,
) -> Redis:
    """A client whose server has answered and is fit to be our broker, waiting for the server if need be.

    Args:
        settings: Where the broker is.
        patience_s: How long to wait. A server that is still loading its data is waited for in any case.
        stop: Ends the wait early, as if the patience were over.
        client_name: Shown by the server's ``CLIENT LIST``.

    Raises:
        BrokerUnreachable: no answer in time.
        UnfitBroker: an answer that waiting does not mend.
    """
    stop = stop or threading.Event()
    end = time.monotonic() + patience_s
    while True:
        loading, reason = False, ""
        try:
            redis = connect(settings, client_name=client_name)
            redis.ping()
        except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
            raise UnfitBroker(
                f"the broker at {settings.url} does not let us in: {error}. "
                "Check [broker] password or password_file, and the user name in url."
            ) from error
        except BusyLoadingError as error:
            loading, reason = True, str(error)
        except (BrokerUnreachable, ConnectionError, TimeoutError) as error:
            reason = _reason(error)
        else:
            check_version(redis, settings.url)
            return redis
        if stop.wait(_LOOK_S) or (time.monotonic() > end and not loading):
            raise BrokerUnreachable(settings.url, reason)


def check_version(redis: Redis, url: str) -> None:
    """Refuse a server that is too old.

    Raises:
        UnfitBroker: it is.
    """
    version = str(_info(redis, "server").get("redis_version", "0"))
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UnfitBroker(f"the broker at {url} is version {version}; Redis {oldest} or any Valkey is needed")


def doubts(redis: Redis) -> list[str]:
    """What in the server's configuration may cost data one day, each with its fix; empty is good."""
    found = []
    policy = _info(redis, "memory").get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found.append(f"a full broker would throw data away ({policy}): set maxmemory-policy noeviction")
    if not _info(redis, "persistence").get("aof_enabled") and not _snapshots(redis):
        found.append("the broker keeps nothing over a restart, which then costs time: set appendonly yes")
    return found


def celery_url(settings: BrokerSettings) -> tuple[str, dict[str, Any]]:
    """The same broker as Celery wants it: an address, *with the password*, and transport options.

    Raises:
        BrokerUnreachable: the embedded server of this folder was never started.
    """
    parts = urlsplit(settings.url)
    transport: dict[str, Any] = {
        "socket_timeout": settings.socket_timeout_s,
        "socket_connect_timeout": settings.connect_timeout_s,
        "socket_keepalive": True,
        "health_check_interval": settings.health_check_interval_s,
    }
    login = _login(settings)
    match parts.scheme:
        case "embedded":
            address = _embedded_address(settings)
            secret = address.password.get_secret_value() if address.password else ""
            return _socket_url(str(address.socket), 0, f":{secret}@" if secret else ""), transport
        case "unix":
            return _socket_url(parts.path, settings.database, login), transport
        case "sentinel":
            transport |= {
                "master_name": parts.path.strip("/"),
                "sentinel_kwargs": _sentinel_options(settings),
            }
            hosts = [
                f"sentinel://{login}{host}:{port}/{settings.database}" for host, port in _sentinels(parts)
            ]
            return ";".join(hosts), transport
        case _:
            place = parts.netloc.rpartition("@")[2]
            tls = "?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in _tls(settings).items() if k != "ssl")
            query = tls if parts.scheme == "rediss" else ""
            return f"{parts.scheme}://{login}{place}/{settings.database}{query}", transport


def masked(url: str) -> str:
    """An address for the log, Celery's included.

    >>> masked("sentinel://:s3cret@a:26379/0;sentinel://:s3cret@b:26379/0")
    'sentinel://:***@a:26379/0;sentinel://:***@b:26379/0'
    """
    return re.sub(r"(//[^:@/]*):[^@]*@", r"\1:***@", url)


def _through_sentinels(settings: BrokerSettings, parts: SplitResult, options: Mapping[str, Any]) -> Redis:
    nodes = Sentinel(  # type: ignore[no-untyped-call]  # redis-py has not typed it
        _sentinels(parts), sentinel_kwargs=_sentinel_options(settings), **options
    )
    client: Redis = nodes.master_for(  # type: ignore[no-untyped-call]  # as above
        parts.path.strip("/"), Redis, db=settings.database
    )
    return client


def _options(settings: BrokerSettings, client_name: str | None) -> dict[str, Any]:
    return {
        "username": settings.username,
        "password": settings.password.get_secret_value() if settings.password else None,
        "socket_timeout": settings.socket_timeout_s,
        "socket_connect_timeout": settings.connect_timeout_s,
        "socket_keepalive": True,
        "health_check_interval": settings.health_check_interval_s,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": True,
        # The newest redis-py would take 3 and give some replies another shape than its older releases.
        "protocol": 2,
        "client_name": client_name,
    }


def _without_tcp(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in options.items()
        if name not in {"socket_connect_timeout", "socket_keepalive"}
    }


def _tls(settings: BrokerSettings) -> dict[str, Any]:
    files = {
        "ssl_ca_certs": settings.ca_file,
        "ssl_certfile": settings.cert_file,
        "ssl_keyfile": settings.key_file,
    }
    named = {option: str(file) for option, file in files.items() if file is not None}
    return {"ssl": True, "ssl_cert_reqs": "required", **named}


def _sentinels(parts: SplitResult) -> list[tuple[str, int]]:
    """Host and port of each sentinel.

    >>> _sentinels(urlsplit("sentinel://user@a:26379,b/factory"))
    [('a', 26379), ('b', 26379)]
    """
    nodes = [urlsplit(f"//{node}") for node in parts.netloc.rpartition("@")[2].split(",")]
    return [(node.hostname or "localhost", node.port or 26379) for node in nodes]


def _sentinel_options(settings: BrokerSettings) -> dict[str, Any]:
    secret = settings.sentinel_password
    return {
        "password": secret.get_secret_value() if secret else None,
        "socket_timeout": settings.socket_timeout_s,
        "socket_connect_timeout": settings.connect_timeout_s,
    }


def _embedded_address(settings: BrokerSettings) -> embedded.Address:
    folder = settings.embedded_folder
    address = embedded.address(folder) if folder else None
    if address is None:
        raise BrokerUnreachable(
            settings.url, f"no server was ever started in {folder}; `wats-worker broker` or `up` starts it"
        )
    return address


def _login(settings: BrokerSettings) -> str:
    if settings.password is None and settings.username is None:
        return ""
    secret = settings.password.get_secret_value() if settings.password else ""
    return f"{quote(settings.username or '', safe='')}:{quote(secret, safe='')}@"


def _socket_url(path: str, number: int, login: str) -> str:
    return f"redis+socket://{login}{quote(path)}?virtual_host={number}"


def _reason(error: Exception) -> str:
    """What to tell; our own error has its address in it already."""
    return error.reason if isinstance(error, BrokerUnreachable) else str(error)


def _info(redis: Redis, section: str) -> Mapping[str, Any]:
    # redis-py types one method for its sync and its async client.
    answer = redis.info(section)
    return answer if isinstance(answer, Mapping) else {}


def _snapshots(redis: Redis) -> bool:
    try:
        answer = redis.config_get("save")
    except ResponseError:  # hosted servers don't show their configuration; theirs are kept
        return True
    return isinstance(answer, Mapping) and bool(answer.get("save"))
