"""What the line knows of the server, for whoever asks it from outside: with a broker or without."""

from redis.exceptions import RedisError

from wats_broker.board import Notice
from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.convert.known import Knowledge, Known
from wats_worker.settings import WorkerSettings
from wats_worker.spool.names import process_list


def known(settings: WorkerSettings) -> tuple[Known, Notice]:
    """The list on the board and what stands beside it; where no broker answers, the copy on the spool."""
    line = Line(settings, Stage.WATCH)
    try:
        return line.knowledge.now(), line.board.look()
    except (BrokerError, RedisError):
        return offline(settings), Notice()


def offline(settings: WorkerSettings) -> Known:
    """The copy on the spool, if there is one that we may read."""
    copy = process_list(settings.spool.folder)
    return Knowledge(board=None, copy=copy, server=settings.server.url).now()
