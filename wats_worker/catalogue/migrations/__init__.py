"""The steps from an empty database to this schema, in ``versions``. A step that was released stays."""
