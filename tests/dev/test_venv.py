"""The script that makes .venv: it says nothing when all is done, and one line when it cannot go on."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dev.waiting import ROOT


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout whose .venv is up to date. It has no pip, so that nothing can be installed."""
    (tmp_path / "dev").mkdir()
    shutil.copy(ROOT / "dev" / "venv.sh", tmp_path / "dev")
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "requirements-dev.txt").write_text("pytest\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    (tmp_path / ".venv" / "installed-requirements.txt").write_text(f"{tmp_path}\nflask\npytest\n")
    return tmp_path


def make(checkout: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the script."""
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **environ}
    return subprocess.run(
        ["sh", "dev/venv.sh"], cwd=checkout, env=environ, capture_output=True, text=True, check=False
    )


def test_nothing_happens_when_everything_is_installed(checkout):
    done = make(checkout)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_changed_requirement_is_installed(name, checkout):
    (checkout / name).write_text("another\n")

    done = make(checkout)

    assert "Installing" in done.stdout
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "the packages could not be installed (see above)"
    assert not (checkout / ".venv" / "installed-requirements.txt").exists()


def test_an_unsuitable_python_is_refused_in_one_line(checkout):
    shutil.rmtree(checkout / ".venv")

    done = make(checkout, PYTHON="/bin/false")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "PYTHON=/bin/false is not Python 3.11, 3.12 or 3.13, which the local stack needs\n"


def test_a_machine_without_a_suitable_python_is_told_in_one_line(checkout):
    shutil.rmtree(checkout / ".venv")
    (checkout / "bin").mkdir()
    for name in ("python3", "python3.13", "python3.12", "python3.11", "python"):
        (checkout / "bin" / name).symlink_to("/bin/false")

    done = make(checkout, PATH=f"{checkout}/bin:/usr/bin:/bin")

    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11, 3.12 or 3.13 is needed and was not found")
    assert len(done.stderr.splitlines()) == 1
