"""Plans in a real Chromium: kept, undone, opened, saved, linked; nothing is lost."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.plans_file import parse_plans
from sim.scenario.scenario import Scenario
from tests.mutations import PLANS
from tests.page_flows import (
    FORBID_STORAGE,
    FULL_STORAGE,
    Driver,
    browser,
    driver,
    file,
)

__all__ = ["browser", "file"]

pytestmark = pytest.mark.browser


def tabs(page: Driver) -> list[str]:
    """Letters and names of the plans."""
    found = page.page.locator(".plan-tabs .tab-text").all_inner_texts()
    return [" ".join(one.split()).removesuffix(" compared with") for one in found]


def kept(page: Driver) -> None:
    """Wait until the browser has it."""
    page.page.locator(".saved-text", has_text="Saved in this browser").wait_for()


def plans_kept(page: Driver) -> str:
    """What the browser keeps of plans; the last results are kept beside them."""
    return json.dumps({key: text for key, text in page.stored().items() if key != "codose.last"})


def menu(page: Driver, entry: str) -> None:
    """Choose from the menu of the open plan."""
    page.page.locator(".plan-open .plan-tab").click()
    page.page.get_by_role("menuitem", name=entry).first.click()


def rename(page: Driver, name: str) -> None:
    menu(page, "Rename")
    page.page.get_by_label("Name of the plan").fill(name)
    page.press("Enter")


def give(page: Driver, *files: tuple[str, bytes]) -> None:
    """Open files as the button does."""
    page.page.locator("input[data-open]").set_input_files(
        [{"name": name, "mimeType": "", "buffer": raw} for name, raw in files]
    )


def drop(page: Driver, name: str, raw: bytes) -> None:
    """Drop a file on the page."""
    page.page.evaluate(
        """([name, text]) => {
          const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], name));
          for (const kind of ["dragover", "drop"])
            window.dispatchEvent(new DragEvent(kind, { dataTransfer: data, cancelable: true }));
        }""",
        [name, base64.b64encode(raw).decode()],
    )


def said(page: Driver, part: str) -> str:
    """The notice that holds these words."""
    found = page.page.locator(".toast", has_text=part).first
    found.wait_for()
    return found.inner_text()


# --- kept -------------------------------------------------------------------------------------


def test_plans_are_there_tomorrow(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        assert tabs(page) == ["A What we do now"]
        menu(page, "Duplicate")
        rename(page, "Fewer visits <b>&amp;")
        kept(page)
        page.page.goto("about:blank")
        page.page.goto(file.as_uri())
        page.shown(".plan-tabs")
        assert tabs(page) == ["A What we do now", "B Fewer visits <b>&amp;"]


def test_undo_and_redo_by_button_and_key(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        menu(page, "Duplicate")
        menu(page, "Duplicate")
        assert len(tabs(page)) == 3
        page.page.get_by_role("button", name="Undo").first.click()
        assert len(tabs(page)) == 2
        page.press("Control+z")
        assert len(tabs(page)) == 1
        page.press("Control+Shift+Z", "Control+y")
        assert len(tabs(page)) == 3


def test_a_deleted_plan_comes_back(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        menu(page, "Duplicate")
        before = tabs(page)
        menu(page, "Delete")
        assert len(tabs(page)) == 1
        said(page, "was deleted")
        page.page.locator(".toast").get_by_role("button", name="Undo").click()
        assert tabs(page) == before


def test_two_tabs_do_not_write_over_each_other(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        menu(page, "Duplicate")
        kept(page)
        other = Driver(page.page.context.new_page())
        other.page.goto(file.as_uri())
        other.shown(".plan-tabs")
        rename(page, "of the first tab")
        kept(page)
        assert "Another tab" in said(other, "Another tab")
        rename(other, "of the second tab")
        other.page.wait_for_timeout(1000)
        assert "of the first tab" in plans_kept(page)
        assert "of the second tab" not in plans_kept(page)
        other.page.get_by_role("button", name="Keep both").click()
        kept(other)
        there = plans_kept(other)
        assert "of the first tab" in there
        assert "of the second tab" in there
        said(page, "Another tab")


@pytest.mark.parametrize(
    ("script", "words"),
    [(FORBID_STORAGE, "keeps nothing: use Save file"), (FULL_STORAGE, "no room left")],
    ids=["forbidden", "full"],
)
def test_a_browser_that_keeps_nothing_says_so(
    browser: Any, file: Path, script: str, words: str
) -> None:
    with driver(browser, file, scripts=(script,)) as page:
        menu(page, "Duplicate")
        page.page.locator(".saved-text", has_text=words).wait_for()
        page.view("Class")
        page.view("Plan")
        assert len(tabs(page)) == 2
        asked: list[str] = []
        page.page.once("dialog", lambda one: (asked.append(one.type), one.dismiss()))
        page.page.close(run_before_unload=True)
        for _ in range(100):
            if asked:
                break
            page.page.wait_for_timeout(50)
        assert asked == ["beforeunload"]


def test_a_damaged_store_is_kept_aside(browser: Any, file: Path) -> None:
    spoil = 'localStorage[\'codose.plans\'] ??= \'{"codose": "page", "half"\''
    with driver(browser, file, scripts=(spoil,)) as page:
        assert "set aside" in said(page, "cannot be read")
        name, raw = page.saved_file(
            lambda: page.page.get_by_role("button", name="Save them as a file").click()
        )
        assert name == "codose-kept.json"
        assert raw == b'{"codose": "page", "half"'
        menu(page, "Duplicate")
        kept(page)
        assert page.page.evaluate("localStorage['codose.plans.aside.1']") == raw.decode()


# --- files ------------------------------------------------------------------------------------


def test_a_saved_file_opens_again_and_the_commands_read_it(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        menu(page, "Duplicate")
        rename(page, 'CON: "a/b"?')
        name, raw = page.saved_file(
            lambda: page.page.get_by_role("button", name="Save file").click()
        )
        assert name == "What we do now and 1 more.plans.yaml"
        found = parse_plans(raw.decode())
        assert list(found.documents) == ["What we do now", 'CON: "a/b"?']
        before = tabs(page)
        menu(page, "Delete")
        give(page, (name, raw))
        said(page, "is open")
        assert tabs(page) == before
        alone = page.saved_file(lambda: menu(page, "Save this plan alone"))
        assert alone[0] == "CON- -a-b.yaml"
        assert Scenario.from_text(alone[1].decode()).name == 'CON: "a/b"?'


def test_what_has_no_control_stays(browser: Any, file: Path) -> None:
    text = (
        b"name: Odd  # ours\nseed: 7\nregions: {network: {kind: hub}, core_team: 0.5}\n"
        b"parameters: {trust_step: 0.2}\ndelivery_work: {week: 2, until_week: 9, share: 0.1}\n"
    )
    with driver(browser, file) as page:
        give(page, ("odd.yaml", text))
        said(page, "odd.yaml is open")
        assert tabs(page)[-1] == "B Odd"
        again = page.saved_file(lambda: menu(page, "Save this plan alone"))[1].decode()
        assert "# ours" in again
        assert Scenario.from_text(again) == Scenario.from_text(text.decode())


def test_a_log_becomes_the_history(browser: Any, file: Path) -> None:
    log = (
        b"Contact log: both regions\ndate,region,mode,hours\n"
        b"5-Jan-26,north,video,1.5\n2 March 26,south,onsite,4\n"
    )
    with driver(browser, file) as page:
        give(page, ("small.yaml", b"name: Small\nhorizon_weeks: 60\nregions: {candidates: 2, "
                    b"count: 2}\ndosage: [{mode: video, every_weeks: 4, hours: 1}]\n"))  # fmt: skip
        said(page, "small.yaml is open")
        drop(page, "log.txt", log)
        assert "2 contacts in 2 regions" in said(page, "history")
        assert "2000 to 2099: 5-Jan-26 was read as Jan 5, 2026" in said(page, "history")
        raw = page.saved_file(lambda: menu(page, "Save this plan alone"))[1].decode()
        made = Scenario.from_text(raw)
        assert made.region_names == ("north", "south")
        assert made.logged_weeks == 9
        assert made.dosage[0].first_week == 13  # its rhythm goes on after the log
        page.press("Control+z")
        raw = page.saved_file(lambda: menu(page, "Save this plan alone"))[1].decode()
        assert "contact_log" not in raw


BAD = {
    "empty.yaml": (b"", "is empty"),
    "large.csv": (b"a," * (6 * 1024 * 1024), "files of at most 10 MiB"),
    "noise.bin": (bytes(range(256)) * 40, "is not a text file"),
    "nul.yaml": (b"name: x\0", "is not a text file"),
    "utf16.yaml": ("name: x\nhorizon_weks: 5\n".encode("utf-16"), "did you mean 'horizon_weeks'?"),
    "utf16be.yaml": (b"\xfe\xff" + "[1]".encode("utf-16-be"), "holds neither plans"),
    "half.yaml": (b"\xff\xfen\0a\xd8\0", "is not UTF-8"),
    "manifest.json": (b'{"format": "codose results", "kind": "run"}', "is a file of results"),
    "run.json": (
        b'{"name": "x", "command": "codose run source", "sets": 50, "started": "2027-01-04"}',
        "holds neither plans nor a scenario",
    ),
    "book.xlsx": (b"PK\x03\x04" + b"\1" * 500, "paste them: regions under Regions"),
    "letter.docx": (b"PK\x03\x04word/document.xml" + b"\1" * 500, "is a Word document"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + b"\1" * 500, "old form of Excel"),
    "report.pdf": (b"%PDF-1.7\n", "is a PDF"),
    "page.html": (b"<!doctype html><title>x", "is a web page"),
    "latin.yaml": ("name: caf\u00e9".encode("latin-1"), "is not UTF-8"),
    "table.csv": (b"Name,Age\na,5\n", "not a contact log"),
    "list.json": (b"[1, 2]", "holds neither plans nor a scenario"),
    "other.json": (b'{"runs": 5}', "holds neither plans nor a scenario"),
    "deep.yaml": (b"name: " + b"[" * 200_000, "is nested too deeply"),
    "bomb.yaml": (b"name: &a [x, x]\nb: [*a, *a]\n", "has"),
    "wrong.yaml": (b"name: x\nhorizon_weks: 5\n", "did you mean 'horizon_weeks'?"),
    "newer.plans.yaml": (b"codose: plans\nversion: 2\nplans: []\n", "newer codose"),
    "files.yaml": (b"name: x\ncontact_log: {file: old.csv}\n", "codose page files.yaml"),
    "log.csv": (b"week,region,mode,hours\n1,region_1,vidio,1\n", "Did you mean video?"),
}  # fmt: skip


def test_bad_files_change_nothing(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        menu(page, "Duplicate")
        before = page.saved_file(lambda: page.press("Control+s"))[1]
        for name, (raw, words) in BAD.items():
            drop(page, name, raw) if len(raw) < 10**6 else give(page, (name, raw))
            assert words in said(page, name), name
        assert page.saved_file(lambda: page.press("Control+s"))[1] == before
        last = page.page.locator(".toast").last  # however many there are, the newest is in sight
        assert last.bounding_box()["y"] + last.bounding_box()["height"] <= 900
        assert page.page.locator(".toasts").bounding_box()["y"] > 0


def test_one_bad_plan_of_a_file_is_left_out_and_said(browser: Any, file: Path) -> None:
    raw = PLANS.replace(b"every_weeks: 13", b"every_weeks: 0")
    with driver(browser, file) as page:
        give(page, ("mine.plans.yaml", raw))
        text = said(page, "mine.plans.yaml is open")
        assert "\u201cWhat we do now\u201d has mistakes" in text
        assert "mine.plans.yaml:14: plans[0].scenario.dosage[0].every_weeks: 0 is out" in text
        assert tabs(page) == ["A Fewer visits"]


# --- links ------------------------------------------------------------------------------------


def test_a_link_from_a_file_is_not_promised(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        menu(page, "Copy a link")
        said(page, "works on this device only")
        save = page.page.locator(".toast").get_by_role("button", name="Save file")
        assert page.saved_file(lambda: save.click())[0].endswith(".plans.yaml")


@pytest.mark.parametrize("link", ["#p=xxxx", "#p=", "#p=%00", "#p=" + "A" * 5000])
def test_a_broken_link_opens_the_usual_start(browser: Any, file: Path, link: str) -> None:
    with driver(browser, file, address=link) as page:
        if link != "#p=":
            said(page, "holds no plan that can be read")
        assert tabs(page) == ["A What we do now"]
        assert "p=" not in page.page.url.replace("plan=", "")


def test_a_link_opens_its_plan(browser: Any, file: Path) -> None:
    """Built as the page builds it: deflated JSON, base64url."""
    import zlib

    plan = {"name": "From afar", "scenario": {"name": "From afar", "horizon_weeks": 52}}
    made = {"codose": "plans", "version": 1, "open": "From afar", "reference": None,
            "currency": "\u20ac", "budget": {"a_year": 5, "of": "all"}, "targets": [],
            "plans": [plan]}  # fmt: skip
    packed = zlib.compress(json.dumps(made).encode(), wbits=-15)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    with driver(browser, file, address=f"#p={text}") as page:
        said(page, "From afar")
        assert tabs(page) == ["A From afar"]
    with driver(browser, file) as page:
        menu(page, "Duplicate")
        page.page.evaluate("(text) => { location.hash = '#p=' + text }", text)
        said(page, "From afar")
        assert len(tabs(page)) == 3
