"""`make flask ARGS="keys list"`: the service's command line, in the environment of the running stack."""

import os
import subprocess
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from dev import procfile, state
from dev.environment import StackError, resolve


def main(arguments: Sequence[str]) -> int:
    """Run `flask --app wsgi` with these arguments. Returns its exit status, or 1 when no stack is running."""
    running = state.running_stack()
    if running is None:
        print("No stack is running: start one with make run.", file=sys.stderr)
        return 1
    told = {
        "MONGODB_URI": running["mongodb_uri"],
        "REDIS_URL": running["redis_url"],
        "PORT": str(urlsplit(running["api_url"]).port),
    }
    if running["sandbox_url"]:
        told["SANDBOX_PORT"] = str(urlsplit(running["sandbox_url"]).port)
    else:
        told["RAZORPAY_KEY_ID"] = running["razorpay_key_id"]
        told["RAZORPAY_KEY_SECRET"] = running["razorpay_key_secret"]
    try:
        variables = resolve(os.environ | told, state.LOCAL).variables
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    return subprocess.call(command, cwd=procfile.ROOT, env=variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
