"""TAKAYA flying probe testers: three layouts of the same results.

``atd``: a table of tabs with a heading; ``apt94xx``: the same without a heading, its texts in quotes;
``atdx``: semicolons, of the newest testers. What a measurement means is the same in all: see ``probing``.
"""
