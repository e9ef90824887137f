"""Becomes a program that hears nothing of changes in the machine's network.

python undisturbed.py PROGRAM WORDS...

A browser drops whatever it is loading as soon as any interface comes or goes, that of a container next door, say,
although what it loads is on this machine. It hears of that over a netlink socket, and here it gets none.
"""

import errno
import os
import socket
import sys

from seccompy import Action, ArgCmp, CmpOp, Filter

if __name__ == "__main__":
    rules = Filter(default=Action.ALLOW)
    rules.errno("socket", errno.EAFNOSUPPORT, args=[ArgCmp(0, CmpOp.EQ, socket.AF_NETLINK)])
    rules.load()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  a shell would be one program too many
