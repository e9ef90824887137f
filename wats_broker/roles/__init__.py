"""Who may do what at the broker: a user for each stage, with the rights it needs and no others.

``rights`` says what a right is and how the server wants it written, ``ours`` which of our own acts need
which, ``celerys`` the same for Celery, ``roles`` which role does what, and ``users`` makes the server's file
of it. The rights that our scripts need are read from the scripts.
"""

from wats_broker.roles.roles import Role, rights
from wats_broker.roles.users import users_file

__all__ = ["Role", "rights", "users_file"]
