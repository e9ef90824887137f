"""Tokens and the buckets that clients spend from."""

import pytest
from support import Clock

from wats_broker.access import Access, Allowance, Scope, make_text
from wats_broker.names import Keys


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def access(redis, clock):
    return Access(redis, Keys(), clock=clock)


def test_a_token_lets_in_and_its_text_is_kept_nowhere(redis, access):
    """Whoever reads Redis can't come in with what is there."""
    token, text = access.create("line 4", Scope.OPERATE)

    assert access.who(text) == token
    assert text.rpartition("_")[2] not in str(redis.hgetall(Keys().access("tokens")))
    assert text not in str(redis.lrange(Keys().access("notes"), 0, -1))


@pytest.mark.parametrize("text", ["", "wats_", "x" * 10_000, "wats_000000000000_\u00e9" + "a" * 42])
def test_what_is_no_token_of_ours_lets_nobody_in(access, text):
    """Of whatever form."""
    access.create("line 4", Scope.READ)

    assert access.who(text) is None
    assert access.who(make_text()) is None


def test_a_known_id_with_another_secret_lets_nobody_in(access):
    """The id stands in lists and logs."""
    token, text = access.create("line 4", Scope.READ)

    assert access.who(f"wats_{token.id}_{'A' * 43}") is None
    assert access.who(text[:-1]) is None


def test_after_a_rotation_both_secrets_let_in_for_a_while(access, clock):
    """So that clients can be told one after the other."""
    token, old = access.create("line 4", Scope.READ)
    _, new = access.rotate(token.id, grace_s=60)
    assert (access.who(old).id, access.who(new).id) == (token.id, token.id)

    clock.pass_(60)

    assert (access.who(old), access.who(new).id) == (None, token.id)


def test_a_second_rotation_ends_the_first_secret(access):
    """Only one earlier secret is ever good."""
    token, first = access.create("line 4", Scope.READ)
    access.rotate(token.id, grace_s=60)
    access.rotate(token.id, grace_s=60)

    assert access.who(first) is None


def test_revoked_and_expired_tokens_end_at_once(access, clock):
    """Neither needs a restart."""
    revoked, text = access.create("line 4", Scope.READ)
    _, passing = access.create("visitor", Scope.READ, lasts_s=3600)
    assert access.revoke(revoked.id)
    assert not access.revoke(revoked.id)
    assert access.who(passing) is not None
    clock.pass_(3600)

    assert (access.who(text), access.who(passing)) == (None, None)


def test_a_token_from_a_file_may_be_entered_by_every_replica(access):
    """It stays one, and so does a broker's that forgot it."""
    text = make_text()
    first = access.admit(text, "local", Scope.ADMIN, term_s=60)

    assert access.admit(text, "local", Scope.ADMIN, term_s=60) == first
    assert [token.name for token in access.tokens()] == ["local"]
    assert access.who(text).scope is Scope.ADMIN


def test_a_token_from_a_file_lets_in_for_as_long_as_it_is_entered(access, clock):
    """Whoever takes it out of its file, or puts another one there, has ended it."""
    text = make_text()
    for _ in range(10):
        access.admit(text, "local", Scope.ADMIN, term_s=60)
        clock.pass_(20)
    assert access.who(text) is not None

    clock.pass_(60)

    assert access.who(text) is None


def test_a_token_that_was_over_long_ago_is_forgotten(access, clock):
    """Containers come and go, each with a token of its own."""
    access.admit(make_text(), "local", Scope.ADMIN, term_s=60)
    access.create("line 4", Scope.READ)
    clock.pass_(60 + 86400 + 1)

    assert [token.name for token in access.tokens()] == ["line 4"]


def test_a_client_has_its_burst_and_then_its_rate(access, clock):
    """And another client has its own."""
    allowance = Allowance(per_minute=60, burst=5)
    first = [access.spend("a", allowance).granted for _ in range(6)]
    refused = access.spend("a", allowance)
    clock.pass_(1)

    assert first == [True] * 5 + [False]
    assert 0 < refused.wait_s <= 1
    assert access.spend("a", allowance).granted
    assert not access.spend("a", allowance).granted
    assert access.spend("b", allowance).left == 4


def test_to_ask_costs_nothing(access):
    """A bucket that is looked into stays as full as it is."""
    allowance = Allowance(per_minute=60, burst=1)

    assert all(access.spend("a", allowance, cost=0).granted for _ in range(3))
    assert access.spend("a", allowance).granted
    assert not access.spend("a", allowance, cost=0).granted


def test_a_clock_that_is_set_back_shuts_nobody_out(access, clock):
    """For longer than a bucket takes to fill."""
    allowance = Allowance(per_minute=60, burst=5)
    for _ in range(5):
        access.spend("a", allowance)
    clock.pass_(-86400)
    access.spend("a", allowance)
    clock.pass_(5)

    assert access.spend("a", allowance).left == 4


def test_no_key_lives_for_ever_but_the_tokens(redis, access):
    """Buckets expire, notes are bounded."""
    for n in range(1100):
        access.note("refused", f"10.0.0.{n % 250}", "no token")
    access.spend("a", Allowance())

    assert redis.pttl(Keys().access("bucket:a")) > 0
    assert len(access.notes(count=5000)) == 1000
