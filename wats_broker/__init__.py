"""What travels between the stages, and where it waits. Knows nothing of ``wats_worker``."""
