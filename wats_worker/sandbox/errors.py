"""The jail's only error. How a conversion ends is a value, see ``outcome``."""


class JailUnavailable(Exception):
    """The jail can't be built as asked for; nothing was converted, and nothing runs unconfined instead."""
