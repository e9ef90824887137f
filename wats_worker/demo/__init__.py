"""``wats-worker demo``: the whole line in one temporary folder, with samples and a WATS server of its own.

``factory`` builds and runs such a line, ``expected`` says what is dropped and what must become of it,
``audit`` compares that with what arrived, ``show`` prints, ``run`` tells the story from beginning to end.
"""
