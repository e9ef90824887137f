"""The board: one list for everybody, and what stands beside it."""

import pytest

from wats_broker.board import Board, Notice
from wats_broker.names import Keys


@pytest.fixture
def board(redis):
    return Board(redis, Keys())


def put_up(board, version="v1", at=1000.25):
    board.put_up(f"list {version}", version=version, server="https://plant", size=14, confirmed_at=at)


def test_an_empty_board_is_no_error(board):
    """Nobody has put up anything yet, or Redis has lost its memory."""
    assert (board.look(), board.text()) == (Notice(), "")


def test_what_is_put_up_is_there_for_all(board):
    """The text, whose it is, and when the server last said so."""
    put_up(board)

    assert board.text() == "list v1"
    assert board.look() == Notice("v1", "https://plant", 14, 1000.25, 1000.25)


def test_trouble_leaves_the_list_where_it_is(board):
    """The last good answer goes on being used, and everybody can see that it is not the newest."""
    put_up(board)
    board.tell_trouble("no list of processes from https://plant: 503")

    notice = board.look()
    assert board.text() == "list v1"
    assert (notice.version, notice.confirmed_at) == ("v1", 1000.25)
    assert notice.trouble.endswith("503")
    assert notice.asked_at == pytest.approx(board.time(), abs=60)


def test_a_good_answer_ends_trouble_and_wish(board):
    """Whoever wanted a newer list has it."""
    put_up(board)
    board.tell_trouble("503")
    board.want()
    assert board.look().wanted

    put_up(board, "v2", 2000.0)

    assert board.look() == Notice("v2", "https://plant", 14, 2000.0, 2000.0)


def test_a_wish_is_answered_by_trouble_as_well(board):
    """The server was asked; asking at once again would not help."""
    board.want()
    board.tell_trouble("503")

    assert not board.look().wanted


def test_one_asks_for_all(board, redis):
    """Until the turn ends by itself, whatever becomes of who took it."""
    assert board.take_turn(30)
    assert not Board(redis, Keys()).take_turn(30)

    redis.delete(Keys().board_turn())

    assert board.take_turn(30)
    assert 0 < redis.ttl(Keys().board_turn()) <= 30
