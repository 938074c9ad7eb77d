"""How soon a customer sees the checkout page in a real browser, and how much it weighs."""

import statistics
import tempfile
from pathlib import Path
from typing import Any

import requests
from selenium import webdriver

from dev import browser
from dev.chromium import ChromiumMissing

ROUNDS = 30
TIMEOUT_SECONDS = 15
# Milliseconds from the start of the navigation; what is the provider's is not counted.
TIMES = """
const page = performance.getEntriesByType("navigation")[0];
const paint = performance.getEntriesByName("first-contentful-paint")[0];
const ours = performance.getEntriesByType("resource").filter((each) => each.name.startsWith(location.origin));
return {
  answered: page.responseEnd,
  shown: paint ? paint.startTime : null,
  ready: page.domContentLoadedEventEnd,
  bytes: page.encodedBodySize + ours.reduce((sum, each) => sum + each.encodedBodySize, 0),
};
"""


def run(api_url: str, email: str, http: requests.Session) -> None:
    """Print the figures for a payment that can be paid. http: who makes it, logged in."""
    url = _page_of_a_new_payment(api_url, email, http)
    print("\nThe checkout page in Chromium, from the start of the navigation:", flush=True)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            driver = browser.start(Path(name), Path(name))
            try:
                _print("for the first time", [_times(driver, url, is_first=True) for _ in range(ROUNDS)])
                _print("again", [_times(driver, url, is_first=False) for _ in range(ROUNDS)])
            finally:
                driver.quit()
    except ChromiumMissing as missing:
        print(f"  {missing}", flush=True)


def _page_of_a_new_payment(api_url: str, email: str, http: requests.Session) -> str:
    body = {"email": email, "amount": 500, "currency": "INR", "paymentMethod": "upi"}
    made = http.post(f"{api_url}/api/payment", json=body, timeout=TIMEOUT_SECONDS)
    made.raise_for_status()
    path = f"{api_url}/api/payment/{made.json()['result']['paymentId']}/process"
    answer = http.post(path, headers={"Prefer": "wait=10"}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["result"]["nextAction"]["url"])


def _times(driver: webdriver.Chrome, url: str, *, is_first: bool) -> dict[str, Any]:
    driver.get("about:blank")
    if is_first:
        driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(url)
    times: dict[str, Any] = driver.execute_script(TIMES)
    return times


def _print(title: str, rounds: list[dict[str, Any]]) -> None:
    figures = []
    for name in ("answered", "shown", "ready"):
        times = sorted(each[name] for each in rounds if each[name] is not None)
        median, p95 = statistics.median(times), times[int(len(times) * 0.95) - 1]
        figures.append(f"{name} {median:.0f} ms (95 % under {p95:.0f})")
    print(f"  {title:<20} {', '.join(figures)}; {rounds[-1]['bytes'] / 1000:.1f} kB of ours", flush=True)
