"""Where things are, and the few things that only one place may do."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, imported_by, is_within, module_name, product_files

LINES_MAX = 300
# The parts that run in production.
EDGES = ("gateway.api", "gateway.web", "gateway.cli", "worker")
SERVICE = ("config", "gateway", "worker", "celery_app", "wsgi")


def service_files() -> list[Path]:
    """Return the files of the parts that run in production."""
    return [path for path in product_files() if is_within(module_name(path), SERVICE)]


def lines_matching(pattern: str, paths: list[Path]) -> list[str]:
    """Return the files, with line numbers, that have a line with this pattern."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]


def importers_of(package: str) -> set[str]:
    """Return the modules of ours that import a package."""
    return {
        module_name(path)
        for path in product_files()
        if any(is_within(name, (package,)) for name in imported_by(path))
    }


@pytest.mark.parametrize("path", product_files(), ids=module_name)
def test_a_file_is_short_enough_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) < LINES_MAX


@pytest.mark.parametrize("path", product_files(), ids=module_name)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "Makefile", "Procfile", "app.json", "pyproject.toml"),
        *("requirements.txt", "requirements-dev.txt", "wsgi.py", "celery_app.py"),
        *("config/settings.py", "config/queues.py", "config/logging.py"),
        *("gateway/app.py", "gateway/dispatch.py", "gateway/api", "gateway/providers/razorpay.py"),
        *(
            f"gateway/domain/{noun}.py"
            for noun in ("payments", "refunds", "webhooks", "receipts", "provider")
        ),
        *(f"gateway/domain/{name}.py" for name in ("money", "states", "transitions", "work", "models")),
        *(f"gateway/api/{noun}.py" for noun in ("orders", "refunds", "webhooks", "receipts", "errors")),
        *(f"worker/{noun}.py" for noun in ("task", "payments", "refunds", "webhooks", "receipts", "sweeps")),
        *("worker/receipt_pdf.py", "sandbox", "dev", "tests"),
    ],
)
def test_a_newcomer_finds_it_where_the_design_says(name: str) -> None:
    assert (ROOT / name).exists()


def test_no_other_package_has_crept_in() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}

    assert packages <= {"config", "gateway", "worker", "sandbox", "dev", "tests"}


def test_only_the_settings_read_the_environment() -> None:
    assert lines_matching(r"\bos\.environ\b|\bgetenv\b|from os import", service_files()) == []
    assert importers_of("pydantic_settings") == {"config.settings"}


def assigned_statuses(path: Path) -> set[str]:
    """Return the names of what a file assigns a `.status` of."""
    targets = [
        target
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {
        ast.unparse(target.value)
        for target in targets
        if isinstance(target, ast.Attribute) and target.attr == "status"
    }


def test_only_one_function_assigns_a_payments_status() -> None:
    found = {module_name(path): names for path in service_files() if (names := assigned_statuses(path))}

    assert {module for module, names in found.items() if names != {"refund"}} == {
        "gateway.domain.transitions"
    }
    assert found["gateway.domain.transitions"] == {"payment"}


def test_no_payment_is_written_past_the_one_form_of_conditional_write() -> None:
    """`set__status` and other updates would pass the version by; what is saved is new."""
    updates = r"set__status|\.update_many\(|\.replace_one\(|find_one_and|\.update\(set"
    saves = r"\.save\((?!force_insert|$)"

    assert lines_matching(f"{updates}|{saves}", service_files()) == []
    for written in (r"\.update_one\(", r"\.modify\("):
        found = lines_matching(written, service_files())
        assert {line.partition(":")[0] for line in found} == {"gateway/domain/store.py"}


def test_the_edges_find_payments_through_ownership_only() -> None:
    """`access` looks ids from outside up; a payment that it has let through may be read again."""
    edges = [path for path in service_files() if is_within(module_name(path), EDGES)]
    lookups = lines_matching(r"\b(Payment|Receipt|WebhookEvent)\.(objects|_get_collection)", edges)
    again = lines_matching(r"\bPayment\.objects\.get\(id=payment\.id\)", edges)

    assert lookups == again
    assert again


def test_only_the_drawing_of_receipts_knows_the_pdf_library() -> None:
    assert importers_of("fpdf") <= {"worker.receipt_pdf", "worker.receipt_fonts"}
    assert importers_of("fpdf")


def test_only_the_adapter_knows_the_providers_client() -> None:
    assert importers_of("razorpay") == {"gateway.providers.razorpay"}


def test_only_dispatch_enqueues() -> None:
    found = lines_matching(r"\.send_task\(|\.apply_async\(|\.delay\(", service_files())

    assert {line.partition(":")[0] for line in found} == {"gateway/dispatch.py"}


def test_nothing_is_printed_but_a_refusal_to_start() -> None:
    prints = lines_matching(r"^\s*print\(", service_files())

    assert {line.partition(":")[0] for line in prints} <= {"config/settings.py"}


def test_nothing_is_left_to_be_done() -> None:
    assert lines_matching(r"\b(TODO|FIXME|XXX|HACK)\b", product_files()) == []


def test_no_float_touches_money() -> None:
    paths = [path for path in service_files() if is_within(module_name(path), ("gateway",))]

    assert lines_matching(r"\bfloat\(.*(amount|minor)|amount\w*: float|FloatField", paths) == []
