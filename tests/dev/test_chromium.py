"""What a person is told when the browser of the tests is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dev.waiting import ROOT


def ask(path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the module with nothing but this directory on the PATH."""
    return subprocess.run(
        [sys.executable, "-m", "dev.chromium", *arguments],
        cwd=ROOT,
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def put(path: Path, name: str, script: str = "") -> None:
    """Put a program there."""
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


def test_nothing_is_said_when_both_are_there(tmp_path: Path) -> None:
    put(tmp_path, "chromium")
    put(tmp_path, "chromedriver")

    done = ask(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ((), "chromium and chromedriver, which are not"),
        (("chromium",), "chromedriver, which is not"),
        (("chromedriver",), "chromium, which is not"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    tmp_path: Path, there: tuple[str, ...], missing: str
) -> None:
    for name in there:
        put(tmp_path, name)

    done = ask(tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"The tests in a real browser need {missing} on the PATH;"
        " on Debian: apt-get install chromium chromium-driver\n"
    )


def test_a_machine_where_nothing_can_be_installed_is_told_the_same(tmp_path: Path) -> None:
    done = ask(tmp_path, "--install")

    assert done.returncode == 1
    assert done.stderr.startswith("The tests in a real browser need chromium and chromedriver")


def test_it_is_installed_from_the_operating_systems_packages(tmp_path: Path) -> None:
    put(tmp_path, "sudo", 'shift; exec "$@"')
    put(
        tmp_path,
        "apt-get",
        f"""echo "$@" >>{tmp_path}/asked
for name in chromium chromedriver; do echo >{tmp_path}/$name; {shell("chmod")} +x {tmp_path}/$name; done""",
    )

    done = ask(tmp_path, "--install")

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "asked").read_text().splitlines() == [
        "update",
        "install --yes --no-install-recommends chromium chromium-driver",
    ]


def shell(name: str) -> str:
    """Return where a program of the operating system is."""
    return next(
        f"{place}/{name}"
        for place in os.environ["PATH"].split(os.pathsep)
        if os.access(f"{place}/{name}", os.X_OK)
    )
