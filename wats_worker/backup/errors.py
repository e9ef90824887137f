"""What can be wrong with a backup.

BackupError
├── BadBackup     the file is damaged, cut off, or no backup
├── NotEmpty      there is a factory already
├── StillRunning  the line runs
├── Restless      a folder changes faster than it can be copied
├── OutOfReach    an object store does not answer
└── NoSecrets     the secrets can't be written or read
"""


class BackupError(Exception):
    """A backup that was not made, or not brought back."""


class BadBackup(BackupError):
    """The file is damaged, cut off, or no backup."""


class NotEmpty(BackupError):
    """There is a factory already where one is to be brought back."""


class StillRunning(BackupError):
    """The line runs, and would go on while everything under it is exchanged."""


class Restless(BackupError):
    """A folder changes faster than it can be copied."""


class OutOfReach(BackupError):
    """An object store does not answer."""


class NoSecrets(BackupError):
    """The secrets can't be written or read."""
