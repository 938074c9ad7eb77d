"""Starts the sandbox: `python -m sandbox`."""

import os
import signal
import sqlite3
import sys
import threading

from sandbox.settings import Settings, SettingsError, from_env

STOP_SECONDS_MAX = 1.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Serve until a signal comes. Gives the exit code."""
    try:
        settings = from_env(os.environ)
    except SettingsError as error:
        return _give_up(str(error))
    return _serve(settings)


def _serve(settings: Settings) -> int:
    # Blocked before any thread starts, so that all inherit it, and waited for below. A signal handler would
    # run in the middle of other code of the main thread, also of code that holds the lock which it needs.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)

    from sandbox.server import Server

    # The port comes first: a second sandbox by mistake must not touch the first one's database.
    try:
        server = Server(settings.host, settings.port)
    except OSError as error:
        return _give_up(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}")

    from sandbox.app import create_app, open_world
    from sandbox.courier import Courier

    try:
        world = open_world(settings)
    except (OSError, sqlite3.Error) as error:
        return _give_up(f"cannot open the database {settings.database}: {error}")
    server.app = create_app(world)
    Courier(world).start()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(f"sandbox: ready on http://{settings.host}:{server.server_port}", flush=True)
    signal.sigwait(STOP_SIGNALS)

    world.stop()
    server.shutdown()
    server.server_close()
    server.wait_until_answered(STOP_SECONDS_MAX)
    world.store.close()
    return 0


def _give_up(reason: str) -> int:
    print(f"sandbox: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Held connections and attempts under way live in daemon threads; nothing is worth waiting for any more.
    os._exit(code)
