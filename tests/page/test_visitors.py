"""Many visitors: nobody sees another's plan, nobody's long work keeps another waiting, and what a
closed tab asked for is dropped."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.page.conftest import address_has, lever, put

pytestmark = pytest.mark.page

LARGE = "/?from=planning&staff=50"
"""A plan whose map takes some 20 s of a processor or more."""


def begin_map(one: Any, path: str = "/") -> Any:
    page = one.open(path)
    page.get_by_role("button", name="Work out the map").click()
    return page


def test_two_visitors_do_not_see_each_other(visit: Callable[..., Any]) -> None:
    one, two = visit(), visit()
    here, there = one.open(), two.open()
    put(here, "Months of assistance", "6")
    put(there, "Hours a visit", "8")
    address_has(here, "months=6")
    address_has(there, "visit_hours=8")
    assert lever(there, "Months of assistance").input_value() == "24"
    assert lever(here, "Hours a visit").input_value() == "4"
    assert "months" not in there.url


def test_long_and_large_work_does_not_keep_another_s_slider_waiting(
    visit: Callable[..., Any],
) -> None:
    begin_map(visit(), LARGE)
    for _ in range(2):  # more of the largest plans than there are threads for sliders
        visit().page.goto(visit().url + "/?from=national")
    one = visit()
    page = one.open()
    waits = []
    for hours in ("5", "6", "7"):
        start = time.monotonic()
        put(page, "Hours a visit", hours)
        address_has(page, f"visit_hours={hours}")
        one.settled()
        waits.append(time.monotonic() - start)
    assert sorted(waits)[1] < 4, waits  # half a minute of work stands in the other queues


def test_a_closed_tab_gives_its_place_to_the_next(visit: Callable[..., Any]) -> None:
    first, second = visit(), visit()
    begin_map(first, LARGE).get_by_text("runs", exact=False).first.wait_for()
    page = begin_map(second)
    page.get_by_text("In the queue: number 2").wait_for()
    first.leave()
    page.get_by_text("In the queue").wait_for(state="hidden", timeout=25_000)
    page.locator(".map .main-svg").first.wait_for(timeout=60_000)


def test_a_second_map_of_a_visitor_takes_the_place_of_the_first(visit: Callable[..., Any]) -> None:
    one = visit()
    page = begin_map(one, LARGE)
    page.get_by_role("button", name="Work out the map").click()
    page.get_by_text("In the queue: number 2").wait_for(state="hidden", timeout=15_000)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled; nothing was kept.").wait_for()


def test_what_is_too_large_is_refused_with_what_to_do(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.page
    page.goto(one.url + "/?from=national")  # its figures take their time; the refusal does not
    page.get_by_role("button", name="Work out the map").click()
    alert = page.get_by_role("alert").filter(has_text="too large for the page")
    alert.wait_for()
    assert "codose run" in alert.inner_text()


def test_the_server_itself_refuses_what_no_page_of_ours_sends(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    token = page.locator("input[type=file]").get_attribute("id").removeprefix("drop-")
    send = (
        "async ([path, name, body]) => { const r = await fetch(path, {method: 'POST', headers: "
        "{'X-Name': name}, body}); return [r.status, await r.text()]; }"
    )
    status, words = page.evaluate(send, [f"drop/{token}", "big.yaml", "#" * (1 << 20) + "##"])
    assert (status, "at most 1 MiB" in words) == (413, True)
    status, words = page.evaluate(send, ["drop/nobody", "a.yaml", "name: x"])
    assert (status, "no longer open" in words) == (404, True)
    # A path as a name is but a name in a sentence.
    status, _ = page.evaluate(send, [f"drop/{token}", "..%2F..%2Fetc%2Fpasswd", "nonsense: 1"])
    assert status == 200
    alert = page.get_by_role("alert").filter(has_text="nonsense")
    alert.wait_for()
    assert "Traceback" not in alert.inner_text()
    status, words = page.evaluate("async () => { const r = await fetch('take/a/b'); "
                                  "return [r.status, await r.text()]; }")  # fmt: skip
    assert (status, "no longer here" in words) == (404, True)
    one.wrong.clear()  # the browser itself reports a refused request as an error


def test_no_request_leaves_the_host(visit: Callable[..., Any]) -> None:
    one = visit()
    for path in ("/", "/see", "/see?story=leaving", "/rests", "/sheet/leaving"):
        one.page.goto(one.url + path)
        one.page.wait_for_load_state("networkidle")
    assert one.requests > 50  # scripts, styles, fonts: all from here
    assert one.sockets >= 4
    assert one.outside == []
