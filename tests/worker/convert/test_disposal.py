"""What becomes of a file that gave no reports."""

import pytest

from wats_worker.convert.disposal import Absent, Again, Quarantine, Suspend, decide
from wats_worker.sandbox.outcome import Broken, Fault, Refusal, Unready, Usage


def decided(outcome, *, attempt=1, waited_s=0.0):
    return decide(outcome, attempt=attempt, max_attempts=3, waited_s=waited_s, patience_s=30.0)


def broken(kind):
    return Broken(kind, "detail", b"", Usage())


def test_a_refused_file_is_quarantined_with_the_converters_own_words():
    """Reason, place, field and fix all reach the person."""
    refusal = Refusal("no serial number", "line 3", "serial number", "scan it", Usage())

    assert decided(refusal) == Quarantine("no serial number", "line 3", "serial number", "scan it")


def test_an_unfinished_file_waits_and_not_for_ever():
    """The footer may still come; after a while it won't."""
    unready = Unready("no closing tag", Usage())

    assert decided(unready, waited_s=5) == Suspend("no closing tag")
    assert "never finished: no closing tag" in decided(unready, attempt=2, waited_s=30).reason


def test_a_clock_that_was_set_forward_gives_no_file_up():
    """An hour seems to have passed since the file came; it has not been looked at twice."""
    assert isinstance(decided(Unready("no closing tag", Usage()), waited_s=3600), Suspend)


def test_a_file_waits_for_its_converter_and_not_for_ever():
    """A plugin may be exchanged just now; one that stays away must not keep everybody's room taken."""
    absent = Absent("the converter 'acme' is set aside: line 1")

    assert decided(absent, waited_s=5) == Suspend(absent.reason)
    given_up = decided(absent, attempt=2, waited_s=30)
    assert given_up.reason == absent.reason
    assert "mend the converter" in given_up.fix


@pytest.mark.parametrize("kind", [Fault.CRASHED, Fault.OUT_OF_MEMORY])
def test_what_may_have_come_from_outside_is_tried_again_a_few_times(kind):
    """A kill from above is not the file's fault; three in a row are."""
    assert isinstance(decided(broken(kind), attempt=2), Again)
    assert isinstance(decided(broken(kind), attempt=3), Quarantine)


@pytest.mark.parametrize("kind", sorted(set(Fault) - {Fault.CRASHED, Fault.OUT_OF_MEMORY}))
def test_what_would_only_happen_again_is_quarantined_at_once(kind):
    """A converter that raises, hangs or writes rubbish does so again."""
    decision = decided(broken(kind))

    assert isinstance(decision, Quarantine)
    assert decision.reason.startswith("the converter ")
    assert kind.value not in decision.reason or kind is Fault.FAILED
