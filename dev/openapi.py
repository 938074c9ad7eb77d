"""`make openapi`: writes the API's OpenAPI document to openapi.json, without any server running.

The document says what the code does, so it is made from the code; a test fails when the two drift apart.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

COMMITTED = Path(__file__).resolve().parent.parent / "openapi.json"

# The settings without which nothing starts. None of them is in the document.
NOWHERE = {
    "MONGODB_URI": "mongodb://localhost/nothing",
    "REDIS_URL": "redis://localhost",
    "RAZORPAY_KEY_ID": "rzp_test_nothing",
    "RAZORPAY_KEY_SECRET": "nothing",
    "RAZORPAY_WEBHOOK_SECRET": "nothing at all",
    "JWT_SECRET_KEY": "only for a document that holds no secret",
}


def text(document: dict[str, Any]) -> str:
    """Return the document as it is committed: pretty-printed, in an order that does not change by itself."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def generate() -> dict[str, Any]:
    """Return the document of the code as it is now. Changes this process's environment."""
    # The Celery application reads the settings as soon as it is imported.
    os.environ.update(NOWHERE)
    from config.settings import Settings
    from gateway.api import docs, openapi
    from gateway.app import assemble

    app = assemble(Settings.from_env())
    return openapi.document(app, app.extensions[docs.API])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m dev.openapi", description=__doc__)
    parser.add_argument("target", type=Path, nargs="?", default=COMMITTED)
    target = parser.parse_args().target
    target.write_text(text(generate()), encoding="utf-8")
    print(f"wrote {target.name}", file=sys.stderr)
