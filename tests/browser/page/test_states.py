"""Every state of a payment's page in a real browser: wide and on a phone, light and dark, and axe's scan."""

from collections.abc import Callable

import pytest
import requests

from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.chromium import PHONE, Window
from tests.support.client import Person
from tests.support.kept_payments import STATES
from tests.support.pages import Page
from tests.support.second_door import processed

Keep, PageOf = Callable[..., Payment], Callable[..., str]
LONG = "A name so long that no line of a phone holds it: " + "Rathakrishnapuram" * 4
PAGE_BYTES_MAX = 100_000


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_accessible_and_fits_a_phone(
    window: Window, keep: Keep, page_of: PageOf, state: str
) -> None:
    window.open(page_of(keep(description=LONG, **STATES[state]())))
    assert window.find("#card").get_attribute("data-state") == state

    violations, overflows = [], []
    for dark in (False, True):
        window.appear(dark=dark)
        window.screenshot(f"page-{state}-{'dark' if dark else 'light'}")
        violations += window.axe_violations()
        window.resize(*PHONE, is_phone=True)
        overflows.append(window.overflow_pixels())
        window.screenshot(f"page-{state}-phone-{'dark' if dark else 'light'}")
        window.resize(1200, 900)

    assert (violations, overflows) == ([], [0, 0])


def test_nothing_jumps_while_the_page_comes_in(window: Window, customer: Person) -> None:
    window.open(processed(customer)["nextAction"]["url"])
    window.button("Pay ₹500.00")

    shifts = window.driver.execute_async_script(
        "const done = arguments[0];"
        "new PerformanceObserver(list => done(list.getEntries().map(each => each.value)))"
        ".observe({type: 'layout-shift', buffered: true});"
        "requestAnimationFrame(() => requestAnimationFrame(() => done([])));"
    )

    assert shifts == []


def test_nothing_moves_for_who_wants_no_motion(window: Window, keep: Keep, page_of: PageOf) -> None:
    window.appear(reduced_motion=True)
    window.open(page_of(keep()))
    window.button("Pay ₹500.00")

    assert window.run("return document.getAnimations().length") == 0


def test_other_pages_are_accessible_too(window: Window, stack: Stack, keep: Keep, page_of: PageOf) -> None:
    window.expect_in_console("404 (NOT FOUND)", "400 (BAD REQUEST)")
    addresses = {
        "not-found": f"{stack.api_url}/pay/nothing",
        "password-link-ended": f"{stack.api_url}/password/reset?token=x",
        "receipt-waits": page_of(keep(**STATES["paid"]()), "/receipt"),
    }

    violations = []
    for name, address in addresses.items():
        window.open(address)
        window.screenshot(f"page-{name}")
        violations += window.axe_violations()

    assert violations == []


def test_the_page_and_all_that_it_loads_of_ours_is_small(
    window: Window, customer: Person, stack: Stack
) -> None:
    window.open(processed(customer, description="x" * 255)["nextAction"]["url"])
    window.button("Pay ₹500.00")

    loaded = window.run("return performance.getEntriesByType('resource').map(each => each.name)")
    ours = [name for name in loaded if name.startswith(stack.api_url)]
    names = sorted(name.rsplit("/", 1)[1] for name in ours)
    answers = [requests.get(name, timeout=30) for name in [window.driver.current_url, *ours]]

    assert names == ["page.css", "pay.js", "provider.js", "watch.js"]
    assert Page(answers[0]).state == "ready"
    assert sum(len(each.content) for each in answers) < PAGE_BYTES_MAX / 2
