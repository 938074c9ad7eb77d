"""Reads which modules import which, from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("config", "gateway", "worker", "sandbox", "dev")
TOP_MODULES = ("celery_app", "wsgi")
# Enough for the settings; nothing answers at these addresses.
ENVIRON = {
    "MONGODB_URI": "mongodb://127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "RAZORPAY_KEY_ID": "rzp_test_none",
    "RAZORPAY_KEY_SECRET": "none",
    "RAZORPAY_WEBHOOK_SECRET": "none at all",
    "JWT_SECRET_KEY": "a secret that nobody needs to keep",
}


def product_files() -> list[Path]:
    """Return every Python file of the product, the local stack and the sandbox included."""
    packages = (path for name in OURS for path in (ROOT / name).rglob("*.py"))
    return sorted([*packages, *(ROOT / f"{name}.py" for name in TOP_MODULES)])


def module_name(path: Path) -> str:
    """Return the dotted name of a file."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(path: Path) -> set[str]:
    """Return the dotted names that a file imports, wherever in it; of `from a import b` both a and a.b when
    that is a module of ours."""
    return set(_imports(ast.parse(path.read_text())))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            assert node.module is not None
            modules = [name for alias in node.names if is_module(name := f"{node.module}.{alias.name}")]
            yield from modules or [node.module]


def is_module(name: str) -> bool:
    """Say whether a dotted name is a module or package of ours."""
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    """Say whether a dotted name is one of these packages, or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)
