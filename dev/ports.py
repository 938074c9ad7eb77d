"""Finds free TCP ports on the loopback address, and says whether one is taken."""

import os
import random
import socket

LOOPBACK = "127.0.0.1"
# Below the ranges from which Linux and macOS pick the local ports of outgoing connections, so that a server
# that is restarted finds its port still free.
FIRST_PORT, LAST_PORT = 20000, 29999
TRIES_MAX = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Say whether a server could listen on this port now."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError:
            return False
    # macOS lets a second socket bind where another one listens on every address.
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((LOOPBACK, port)) != 0


def free_port(seed: str | None = None) -> int:
    """Return a port that is free now. seed: the same text gives the same port as long as that is free, so
    that a data directory keeps its ports; without it the port is random. Raises OSError when none is."""
    chosen = random.Random(seed if seed is not None else os.urandom(16))
    for _ in range(TRIES_MAX):
        port = chosen.randint(FIRST_PORT, LAST_PORT)
        if is_free(port):
            return port
    raise OSError(f"no free port between {FIRST_PORT} and {LAST_PORT}")
