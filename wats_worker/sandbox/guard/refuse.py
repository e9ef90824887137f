"""Loaded in a zygote: from then on a plugin can't import what it has no use for."""

from wats_worker.sandbox import guard

guard.take_place(guard.refuse)
