"""What waits for something in its folder, and for too long. Pure but for what it remembers."""

from collections.abc import Mapping


class Late:
    """Tells what has waited longer than it should.

    Args:
        after_s: How long is normal.

    >>> late = Late(30)
    >>> late.overdue({"DUT 7": "waits for '*/*'"}, now=100.0)
    {}
    >>> late.overdue({"DUT 7": "waits for '*/*'"}, now=131.0)
    {'DUT 7': "waits for '*/*', for more than 30 s"}
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since: dict[str, float] = {}

    def overdue(self, waiting: Mapping[str, str], *, now: float) -> dict[str, str]:
        """By name, why something is late.

        Args:
            waiting: All that waits, and what for.
            now: Steady time.
        """
        self._since = {name: self._since.get(name, now) for name in waiting}
        return {
            name: f"{reason}, for more than {self._after_s:g} s"
            for name, reason in waiting.items()
            if now - self._since[name] > self._after_s
        }
