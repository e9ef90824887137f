"""Which converter a file belongs to."""

import pytest

from wats_worker.convert.choose import Chosen, NoChoice, Thresholds, choose

RULES = Thresholds(reject=0.6, margin=0.15, alarm=0.8)


@pytest.mark.parametrize(
    ("scores", "choice"),
    [
        ({"a": 0.95, "b": 0.0}, "a"),
        ({"a": 0.6, "b": 0.45}, "a"),
        ({"a": 0.95, "b": 0.79}, "a"),
    ],
)
def test_a_clear_winner_is_chosen(scores, choice):
    """Good enough, and far enough ahead."""
    chosen = choose(scores, RULES)

    assert isinstance(chosen, Chosen)
    assert chosen.converter == choice


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ({}, "unknown format"),
        ({"a": 0.0, "b": 0.0}, "unknown format"),
        ({"a": 0.59}, "a comes nearest with 0.59"),
        ({"a": 0.9, "b": 0.76}, "ambiguous: a is 0.90 sure, b is 0.76 sure"),
        ({"a": 0.9, "b": 0.9, "c": 0.9}, "ambiguous"),
    ],
)
def test_without_a_clear_winner_a_person_decides(scores, reason):
    """Nobody knows it, or more than one claims it: quarantine beats a guess."""
    choice = choose(scores, RULES)

    assert isinstance(choice, NoChoice)
    assert reason in choice.reason
    assert "name the converter" in choice.fix


def test_an_unsure_choice_goes_on_with_a_warning():
    """Between reject and alarm."""
    assert choose({"a": 0.7}, RULES).warning == "recognised as a with a confidence of only 0.70"
    assert choose({"a": 0.8}, RULES).warning is None
