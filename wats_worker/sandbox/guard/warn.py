"""Loaded in a zygote: from then on a plugin's import of what it has no use for stands in the log."""

from wats_worker.sandbox import guard

guard.take_place(guard.warn)
