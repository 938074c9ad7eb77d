"""Who may import whom, in the source and in what a fresh interpreter really loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import (
    ENVIRON,
    OURS,
    ROOT,
    TOP_MODULES,
    imported_by,
    is_within,
    module_name,
    product_files,
)

PORT = ("gateway.domain.provider", "gateway.domain.money", "gateway.domain.errors")
BEHIND_THE_EDGES = ("gateway.domain", "gateway.providers", "gateway.dispatch", "gateway.runtime", "config")

# The first row whose package holds a module is the one that counts.
MAY_IMPORT_OF_OURS: dict[str, tuple[str, ...]] = {
    "config": ("config",),
    "gateway.domain": ("gateway.domain",),
    "gateway.providers": ("gateway.providers", *PORT),
    "gateway.mail": ("gateway.mail", "gateway.domain.mailer", "gateway.domain.ids", "config"),
    "gateway.dispatch": ("celery_app", "config", "gateway"),
    "gateway.runtime": ("gateway.domain", "gateway.providers", "gateway.mail", "config"),
    "gateway": ("gateway.app", "gateway.api", "gateway.web", "gateway.cli", *BEHIND_THE_EDGES),
    "worker": ("worker", "celery_app", *BEHIND_THE_EDGES),
    "celery_app": ("config",),
    "wsgi": ("gateway.app", "config"),
    "sandbox": ("sandbox",),
    "dev": ("dev", "config", "gateway"),
}
NEVER: dict[str, tuple[str, ...]] = {
    "config": ("flask", "celery", "mongoengine", "razorpay", "fpdf"),
    "gateway.domain": ("flask", "celery", "kombu", "razorpay", "fpdf", "requests", "redis"),
    "gateway.providers": ("flask", "celery", "mongoengine", "gateway.domain.models"),
    "gateway.mail": ("flask", "celery", "mongoengine", "gateway.domain.models"),
    "gateway.dispatch": ("gateway.domain", "worker", "flask"),
    "gateway": ("worker", "fpdf", "razorpay"),
    "worker": ("flask", "gateway.api", "gateway.web", "gateway.app", "razorpay"),
    "sandbox": ("mongoengine", "celery", "razorpay"),
}
# The adapter is the one place that knows Razorpay's client.
EXCEPT = {("gateway.providers", "razorpay")}


def row_of(module: str, table: dict[str, tuple[str, ...]]) -> str | None:
    """Return the row of a table that counts for a module."""
    return next((package for package in table if is_within(module, (package,))), None)


def forbidden_imports(path: Path) -> list[str]:
    """Return what a file imports of ours although its package may not."""
    row = row_of(module_name(path), MAY_IMPORT_OF_OURS)
    assert row is not None, f"{path} is in no row of the table"
    ours = [name for name in imported_by(path) if is_within(name, (*OURS, *TOP_MODULES, "tests"))]
    return sorted(name for name in ours if not is_within(name, MAY_IMPORT_OF_OURS[row]))


def abhorred_imports(path: Path) -> list[str]:
    """Return what a file imports although its package must never know it."""
    never = NEVER.get(row_of(module_name(path), NEVER) or "", ())
    return sorted(name for name in imported_by(path) if is_within(name, never))


@pytest.mark.parametrize("path", product_files(), ids=module_name)
def test_a_module_imports_only_what_its_package_may(path: Path) -> None:
    assert forbidden_imports(path) == []
    assert abhorred_imports(path) == []


def test_the_domain_names_its_surroundings_by_no_import_hidden_in_a_string() -> None:
    found = [path for path in (ROOT / "gateway/domain").rglob("*.py") if "importlib" in path.read_text()]

    assert found == []


def test_the_packages_themselves_import_nothing() -> None:
    packages = [path for path in product_files() if path.name == "__init__.py"]

    assert [module_name(path) for path in packages if imported_by(path)] == []
    assert len(packages) >= 8


def loaded_by(*modules: str) -> set[str]:
    """Return the top-level names of everything that a fresh interpreter has loaded with these modules, and
    the full names of ours."""
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=ENVIRON, check=True, capture_output=True, text=True
    )
    names = json.loads(done.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in names} | {
        name for name in names if is_within(name, (*OURS, *TOP_MODULES))
    }


def all_of(folder: str) -> list[str]:
    """Return the modules of a package."""
    return [module_name(path) for path in sorted((ROOT / folder).rglob("*.py"))]


def test_the_domain_loads_no_framework() -> None:
    loaded = loaded_by(*all_of("gateway/domain"))

    assert loaded & {"flask", "celery", "kombu", "razorpay", "fpdf", "requests", "redis", "config"} == set()
    assert "mongoengine" in loaded


def test_the_worker_loads_no_web() -> None:
    loaded = loaded_by("celery_app", *all_of("worker"))

    assert (
        loaded & {"flask", "flask_smorest", "flask_limiter", "gunicorn", "gateway.api", "gateway.app"}
        == set()
    )
    assert {"celery", "fpdf", "gateway.domain.payments"} <= loaded


def test_the_web_loads_no_worker() -> None:
    loaded = loaded_by("gateway.app")

    assert loaded & {"worker", "fpdf", "uharfbuzz", "sandbox", "dev"} == set()
    assert {"flask", "gateway.dispatch"} <= loaded


def test_the_settings_load_nothing_of_ours_but_themselves() -> None:
    assert {name for name in loaded_by(*all_of("config")) if is_within(name, (*OURS, *TOP_MODULES))} == {
        "config",
        *all_of("config"),
    }


def test_the_sandbox_loads_nothing_of_the_service() -> None:
    modules = [name for name in all_of("sandbox") if name != "sandbox.__main__"]

    loaded = loaded_by(*modules)

    assert loaded & {"gateway", "worker", "config", "celery_app", "dev", "mongoengine", "celery"} == set()
