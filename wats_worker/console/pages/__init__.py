"""The pages: each is a function of a ``Tab`` that builds it."""
