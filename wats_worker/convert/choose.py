"""Which converter a file belongs to. Pure: what the probes said in, a choice or the reason for none out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """How sure is sure enough. Confidences run from 0 to 1."""

    reject: float = 0.6  #: below this nobody knows the file
    margin: float = 0.15  #: a second one this close makes it ambiguous
    alarm: float = 0.8  #: below this the file goes on, with a warning


@dataclass(frozen=True)
class Chosen:
    """One converter is clearly the right one."""

    converter: str
    confidence: float
    warning: str | None = None


@dataclass(frozen=True)
class NoChoice:
    """Nobody, or more than one: a person decides."""

    reason: str
    fix: str


def choose(scores: Mapping[str, float], thresholds: Thresholds) -> Chosen | NoChoice:
    """Take the best score, if it is good enough and alone.

    >>> choose({"wats-text": 0.98, "teststand-xml": 0.0}, Thresholds()).converter
    'wats-text'
    >>> choose({"a": 0.7, "b": 0.62}, Thresholds()).reason
    'ambiguous: a is 0.70 sure, b is 0.62 sure'
    >>> choose({"a": 0.3}, Thresholds()).reason
    'unknown format: no converter recognises it; a comes nearest with 0.30, and 0.60 is needed'
    """
    ranking = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    best = ranking[0] if ranking else ("", 0.0)
    if best[1] < thresholds.reject:
        nearest = f"; {best[0]} comes nearest with {best[1]:.2f}, and {thresholds.reject:.2f} is needed"
        return NoChoice(
            f"unknown format: no converter recognises it{nearest if best[1] > 0 else ''}",
            "name the converter in the source's configuration, or install one for this format; "
            "for a table or a text of your own 'wats-worker converters map' drafts one",
        )
    # Rounded, because 0.60 - 0.45 is a little less than 0.15 to a computer.
    rivals = [entry for entry in ranking if round(best[1] - entry[1], 6) < thresholds.margin]
    if len(rivals) > 1:
        claims = ", ".join(f"{name} is {score:.2f} sure" for name, score in rivals)
        return NoChoice(f"ambiguous: {claims}", "name the converter in the source's configuration")
    warning = None
    if best[1] < thresholds.alarm:
        warning = f"recognised as {best[0]} with a confidence of only {best[1]:.2f}"
    return Chosen(best[0], best[1], warning)
