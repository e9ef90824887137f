"""Two reports side by side: what a person is told of their differences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wats_worker.reports.difference import differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abname"), inner, max_size=4),
    max_leaves=12,
)


def told(before, after):
    return [str(one) for one in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["a: 1 → true"]),
        ({"a": 1}, {}, ["a: - 1"]),
        ({}, {"a": None}, ["a: + null"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1]: 2 → 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a[1]: + 2"]),
        ({"a": "x"}, {"a": {"b": 1}}, ['a: "x" → {"b": 1}']),
    ],
)
def test_each_field_is_told(before, after, said):
    """With its place, and what stands there now."""
    assert told(before, after) == said


def test_steps_are_put_side_by_side_by_their_names():
    """One that is gone from the middle is one difference."""
    steps = [{"name": f"step {n}", "value": n} for n in range(50)]

    assert told({"steps": steps}, {"steps": steps[:20] + steps[21:]}) == [
        """steps['step 20']: - {"name": "step 20", "value": 20}"""
    ]


def test_steps_of_one_name_keep_their_order():
    """Loops repeat names."""
    before = [{"name": "loop", "value": n} for n in range(3)]
    after = [*before[:2], {"name": "loop", "value": 9}]

    assert told(before, after) == ["['loop'].value: 2 → 9"]


def test_a_long_value_is_shortened():
    """It is for reading."""
    (said,) = told({"text": "a" * 1000}, {"text": "b" * 1000})

    assert len(said) < 150


@settings(max_examples=60)
@given(JSON, JSON)
def test_there_is_none_exactly_when_they_are_the_same(before, after):
    """Whatever they are."""
    import json

    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)

    assert (told(before, after) == []) == same
