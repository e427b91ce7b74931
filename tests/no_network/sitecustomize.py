"""Python itself for a process that must not touch the network: the first attempt ends it with status 99.

Put on PYTHONPATH by `test_replay.py`.
"""

import os
import sys

_NETWORK = frozenset({"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})


def _end(event, _arguments):
    if event in _NETWORK:
        os.write(2, f"network: {event}\n".encode())
        os._exit(99)


sys.addaudithook(_end)
