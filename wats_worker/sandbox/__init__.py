"""The jail around one conversion."""
