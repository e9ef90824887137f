"""The archive stage: what is delivered leaves the spool for the archive, and the catalogue hears of it."""
