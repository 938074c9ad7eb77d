"""What the demo's steps share: calling the service as a client, and stopping at the first answer that is not
as documented."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

TIMEOUT_SECONDS = 15
DEADLINE_SECONDS = 20


class NotAsDocumented(Exception):
    """A step whose answer is not what the documents promise."""


class Client:
    """Somebody who calls the API, logged in or not, and prints what came of each step."""

    def __init__(self, api_url: str, sandbox_url: str) -> None:
        self.api_url = api_url
        self.sandbox_url = sandbox_url
        self.http = requests.Session()

    def step(self, title: str, action: Callable[[], str]) -> None:
        """Take one step and print what came of it and how long it took."""
        started = time.perf_counter()
        try:
            result = action()
        except requests.RequestException as error:
            raise NotAsDocumented(f"{title}: {error}") from error
        except NotAsDocumented as error:
            raise NotAsDocumented(f"{title}: {error}") from error
        milliseconds = (time.perf_counter() - started) * 1000
        print(f"  ok  {title:<34} {milliseconds:7.0f} ms   {result}", flush=True)

    def log_in(self, email: str, password: str) -> None:
        """Get a token, and send it from now on."""
        credentials = {"email": email, "password": password}
        token = self.call("POST", "/api/user/login", 200, credentials)["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(
        self,
        method: str,
        path: str,
        status: int,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Call the API and return its JSON. Raises NotAsDocumented on another status."""
        answer = self.http.request(
            method, self.api_url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
        if answer.status_code != status:
            raise NotAsDocumented(f"HTTP {answer.status_code} instead of {status}: {answer.text[:300]}")
        return answer.json()

    def expect(self, found: Any, wanted: Any, what: str) -> None:
        """Raise NotAsDocumented unless both are the same."""
        if found != wanted:
            raise NotAsDocumented(f"{what} is {found!r} instead of {wanted!r}")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds. Raises NotAsDocumented when it never does."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise NotAsDocumented(f"{what} did not come within {DEADLINE_SECONDS} s")
            time.sleep(0.05)

    def download(self, receipt: dict[str, Any], directory: Path) -> str:
        """Fetch a PDF, waiting while it is being rendered, and keep it."""
        found: list[requests.Response] = []

        def is_there() -> bool:
            found[:] = [self.http.get(self.api_url + receipt["downloadUrl"], timeout=TIMEOUT_SECONDS)]
            return found[0].status_code == 200

        self.wait(is_there, "the PDF")
        self.expect(found[0].content[:5], b"%PDF-", "the PDF's first bytes")
        return keep(directory / f"{receipt['receiptNumber']}.pdf", found[0].content)


def keep(path: Path, content: bytes) -> str:
    """Write a file and return its path, short if it is below the working directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
