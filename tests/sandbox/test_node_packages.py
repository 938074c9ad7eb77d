"""The npm packages that the tests use are exactly the locked ones, and nothing tells where they came from."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import node

LOCK = json.loads((node.FOLDER / "package-lock.json").read_text())
MANIFEST = json.loads((node.FOLDER / "package.json").read_text())


@pytest.mark.timeout(node.INSTALL_SECONDS_MAX + 20)
def test_the_packages_are_those_of_the_lock_file() -> None:
    folder = node.packages()

    installed = {
        path: json.loads((folder.parent / path / "package.json").read_text())["version"]
        for path in LOCK["packages"]
        if path
    }
    assert installed == {path: entry["version"] for path, entry in LOCK["packages"].items() if path}
    assert (folder / "axe-core" / "axe.min.js").is_file()


def test_every_package_that_is_asked_for_has_an_exact_version() -> None:
    locked = {name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in MANIFEST["dependencies"]}

    assert MANIFEST["dependencies"] == locked


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (node.FOLDER / "package-lock.json").read_text()


def test_node_is_a_version_with_long_support() -> None:
    version = subprocess.run([node.binary(), "--version"], capture_output=True, text=True, check=True).stdout

    assert int(version.strip().lstrip("v").partition(".")[0]) % 2 == 0


def test_many_at_once_install_once(tmp_path, monkeypatch) -> None:
    runs = []

    def pretend(folder):
        runs.append(folder)
        (folder / "node_modules").mkdir()

    monkeypatch.setattr(node, "FOLDER", tmp_path)
    monkeypatch.setattr(node, "PACKAGES", tmp_path / "node_modules")
    monkeypatch.setattr(node, "_run_npm_ci", pretend)
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: node.packages(), range(8)))

    assert found == [tmp_path / "node_modules"] * 8
    assert len(runs) == 1


def test_a_registry_that_cannot_be_reached_is_said_in_plain_words(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(node, "FOLDER", tmp_path)
    monkeypatch.setattr(node, "PACKAGES", tmp_path / "node_modules")
    (tmp_path / "package.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "package-lock.json").write_text(json.dumps(LOCK))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(node.NotInstalled, match=r"could not be installed.*run the tests again"):
        node.packages()
    assert not (tmp_path / "node_modules").exists()
