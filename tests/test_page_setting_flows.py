"""The setting of a plan in a real Chromium: what a planner does, her slips, keyboard, phone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from sim.model.dosage import planned
from sim.scenario.scenario import Scenario
from tests.page_flows import Driver, browser, driver, written

__all__ = ["browser"]

pytestmark = pytest.mark.browser

NAMES = [f"Region {number}" for number in ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")]
PHASES = {
    "name": "Two years in phases",
    "question": "Kept?",
    "start_date": "2027-01-04",
    "horizon_weeks": 156,
    "regions": {
        "candidates": 8, "count": 8, "selection": "all", "staff": 12, "names": NAMES,
        "overrides": {
            "Region III": {"staff": 9, "start": {"demand": 0.66}},
            "Region VII": {"leadership": 0.4, "network": {"kind": "hub"}},
        },
    },
    "providers": {"count": 3, "weekly_hours": 20},
    "dosage": [
        {"mode": "onsite", "every_weeks": 13, "hours": 4, "last_week": 52},
        {"mode": "video", "every_weeks": 4, "hours": 1.5, "last_week": 52},
        {"mode": "onsite", "every_weeks": 26, "hours": 4, "first_week": 53, "last_week": 104},
        {"mode": "video", "every_weeks": 6, "hours": 1.5, "first_week": 53, "last_week": 104},
    ],
    "shocks": [
        {"week": 53, "kind": "provider_leaves", "provider": "provider_1"},
        {"week": 60, "kind": "staff_leave", "share": 0.3, "region": "Region VII"},
    ],
}  # fmt: skip
OPENED = {
    "codose": "plans", "version": 1, "open": "Phases", "reference": None, "currency": "$",
    "budget": {"a_year": None, "of": "centre"}, "targets": [],
    "plans": [{"name": "Phases", "scenario": PHASES}],
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("setting") / "page.html", opened=OPENED)


class Setting:
    """The left column of an open page."""

    def __init__(self, page: Driver) -> None:
        self.page = page
        page.shown(".setting")

    def open(self, *names: str) -> None:
        """Only these groups are open."""
        self.page.page.evaluate(
            """(names) => document.querySelectorAll(".set-group").forEach((one) => {
              one.open = names.includes(one.id.slice("setting-".length));
            })""",
            list(names),
        )

    def field(self, label: str) -> Any:
        return self.page.page.locator(".setting").get_by_label(label, exact=True)

    def button(self, name: str) -> Any:
        return self.page.page.locator(".setting").get_by_role("button", name=name, exact=True)

    def plans(self) -> dict[str, Any]:
        """The document as the browser keeps it."""
        self.page.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        return next(
            found for value in self.page.stored().values()
            if isinstance(value, dict) and (found := value.get("file", value)).get("plans")
        )  # fmt: skip

    def plan(self) -> dict[str, Any]:
        return self.plans()["plans"][0]["scenario"]

    def summaries(self) -> list[str]:
        """What the headings of the groups say about the plan."""
        return self.page.page.locator(".set-summary").all_inner_texts()

    def toast_undo(self) -> None:
        self.page.page.locator(".toast").get_by_role("button", name="Undo").last.click()


def test_the_end_moves_without_the_phases_before_it(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("when")
        setting.field("Assistance ends after").fill("30")
        ends = [one["last_week"] for one in setting.plan()["dosage"]]
        assert ends == [52, 52, 130, 130]
        setting.field("Assistance ends after").fill("40")  # longer than it is looked at
        assert "allowed: 13 to 36" in page.text(".set-problem")
        assert setting.field("Assistance ends after").input_value() == "40"
        assert [one["last_week"] for one in setting.plan()["dosage"]] == ends
        setting.field("Assistance ends after").fill("24")
        assert setting.plan() == PHASES


def test_fewer_regions_are_said_and_can_be_undone(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("regions")
        page.page.get_by_text("How they were chosen, core team").click()
        count = setting.field("Number of regions")
        count.fill("5")
        assert "Region VII" in page.text(".toast")
        assert "Region VII" not in setting.plan()["regions"]["overrides"]
        setting.toast_undo()
        assert setting.plan() == PHASES


def test_a_number_that_is_half_typed_destroys_nothing(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("regions")
        page.page.get_by_text("How they were chosen, core team").click()
        setting.field("Number of regions").click()
        page.press("Control+a")
        page.page.keyboard.type("10")  # "1" is a number of regions too
        plan = setting.plan()
        assert plan["regions"]["count"] == 10
        assert plan["regions"]["overrides"] == PHASES["regions"]["overrides"]
        assert plan["shocks"] == PHASES["shocks"]


def test_a_wrong_number_leaves_nothing_of_its_beginning(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("when", "regions", "money")
        before = setting.summaries()
        cases = (
            ("Outlook", "500", "allowed: 24 to 240", "36"),  # "50" months are allowed
            ("Year", "20270", "allowed: 1970 to 2200", "2027"),
            ("Staff of Region I", "12000000", "out of range", "12"),
            ("Budget a year", "1e12", "not a number", ""),
        )
        for label, typed, problem, right in cases:
            setting.field(label).click()
            page.press("Control+a")
            page.page.keyboard.type(typed)
            assert problem in page.text(".set-problem"), label
            assert setting.summaries() == before, label
            undo = page.page.get_by_role("button", name="Undo", exact=True)
            assert undo.is_disabled(), label  # nothing happened that could be undone
            setting.field(label).fill(right)
        setting.field("Staff of Region I").fill("1,200")
        setting.field("Year").fill("2,028")
        plan = setting.plan()
        assert plan["regions"]["overrides"]["Region I"] == {"staff": 1200}
        assert plan["start_date"][:4] == "2028"


def test_two_regions_do_not_look_alike(browser: Any, tmp_path: Path) -> None:
    """Names that a file leaves out are shown as Region 1, Region 2 ...; nobody else may be."""
    path = written(tmp_path / "page.html")
    with driver(browser, path) as page:
        setting = Setting(page)
        setting.open("regions")
        setting.field("Name of Region 2").fill("Region 1")
        assert "used already" in page.text(".set-problem")
        page.press("Enter")
        assert setting.field("Name of Region 2").count() == 1


def test_twice_a_year_is_every_26_weeks_and_any_rhythm_is_what_is_typed(
    browser: Any, file: Path
) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("contacts")
        setting.field("How often").select_option(label="every 26 weeks (twice a year)")
        assert setting.plan()["dosage"][0]["every_weeks"] == 26
        setting.field("How often").select_option(label="another rhythm")
        setting.field("Every").fill("4,5")
        assert setting.plan()["dosage"][0]["every_weeks"] == 4.5
        setting.field("Every").fill("0")
        assert "allowed: 1 to 520" in page.text(".set-problem")
        assert setting.plan()["dosage"][0]["every_weeks"] == 4.5


def test_money_as_people_write_it(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("money")
        budget = setting.field("Budget a year")
        for typed in ("300k", "300.000,00", "300 000", "300,000"):
            budget.fill(typed)
            assert setting.plans()["budget"]["a_year"] == 300_000, typed
        budget.fill("a lot")
        assert "not a number" in page.text(".set-problem")
        assert setting.plans()["budget"]["a_year"] == 300_000
        budget.fill("")
        assert setting.plans()["budget"]["a_year"] is None


def test_regions_are_pasted_looked_at_and_then_used(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("regions")
        setting.button("Paste from Excel").click()
        area = page.page.locator(".set-paste textarea")
        area.fill("Region\tStaff\tStatus\nNorth\tnine\tready\nNorth\t8\tready")
        assert "Row 2" in page.text("ul.set-problem")
        assert "Row 3" in page.text("ul.set-problem")
        assert setting.button("Use these regions").is_disabled()
        area.fill("Our regions\t\nState\tStaff\nOhio\t1,200\nIowa\t9\nTotal\t1,209")
        assert "2 regions" in page.text(".set-paste [role=status]")
        assert "left out (Total)" in page.text(".set-paste [role=status]")
        area.fill("Who\tRegion\nAnn\tNorth\nBo\tSouth\nCy\tNorth")
        assert "2 regions. Each row counts as one person: 3" in page.text(
            ".set-paste [role=status]"
        )
        area.fill("North\t14\nconstructor\t9\n<img src=x onerror=alert(1)>\t11")
        assert "3 regions" in page.text(".set-paste [role=status]")
        setting.button("Use these regions").click()
        regions = setting.plan()["regions"]
        assert regions["names"] == ["North", "constructor", "<img src=x onerror=alert(1)>"]
        assert [regions["overrides"][name]["staff"] for name in regions["names"]] == [14, 9, 11]
        setting.toast_undo()
        assert setting.plan() == PHASES


def test_ends_of_phases_move_by_keys_and_by_dragging(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("contacts")
        end = page.page.get_by_role("slider", name="End of: Visit every quarter, 4 h")
        end.focus()
        page.press("Shift+ArrowLeft")
        assert setting.plan()["dosage"][0]["last_week"] == 51
        page.press("Shift+ArrowRight")
        assert setting.plan() == PHASES
        later = page.page.get_by_role("slider", name="End of: Visit twice a year, 4 h")
        later.scroll_into_view_if_needed()
        box, track = later.bounding_box(), page.page.locator(".set-lanes").bounding_box()
        y = box["y"] + box["height"] / 2
        page.page.mouse.move(box["x"] + box["width"] / 2, y)
        page.page.mouse.down()
        page.page.mouse.move(track["x"] + track["width"] * 0.9, y, steps=7)
        page.page.mouse.up()
        dosage = setting.plan()["dosage"]
        assert abs(dosage[2]["last_week"] - 0.9 * 156) < 6
        assert [dosage[i] for i in (0, 1, 3)] == [PHASES["dosage"][i] for i in (0, 1, 3)]


def test_a_phase_is_split_and_deleted_and_comes_back(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("contacts")
        setting.button("Change from a month on").click()
        setting.button("Split").click()
        dosage = setting.plan()["dosage"]
        assert len(dosage) == 5
        assert dosage[1]["first_week"] == dosage[0]["last_week"] + 1
        setting.button("Remove: Visit every quarter, 4 h").click()
        assert len(setting.plan()["dosage"]) == 4
        setting.toast_undo()
        assert setting.plan()["dosage"] == dosage


def test_a_log_is_brought_and_the_plan_goes_on_after_it(browser: Any, file: Path) -> None:
    rows = ["Date,Region,Mode,Hours,Status"]
    rows += [f"{day}/3/2027,Region I,Zoom,1.5,held" for day in (2, 9)]
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("history")
        setting.button("Add a contact log").click()
        area = page.page.locator(".set-paste textarea")
        page.page.keyboard.insert_text("Date,Region,Mode,Hours\n2052-03-02,Region I,Zoom,45")
        assert "to Mar 2, 2052" in page.text("ul.set-problem")
        area.fill("Date,Region,Mode,Hours\n2027-03-02,Region I,Zoom,45")
        assert "are these minutes?" in page.text(".set-paste [role=status]")
        area.fill("\n".join(rows))
        assert setting.button("Use this log").is_disabled()  # 2/3 is two days
        page.page.get_by_label("which comes first").select_option("day")
        setting.button("Use this log").click()
        plan = setting.plan()
        assert [row["week"] for row in plan["contact_log"]["rows"]] == [9, 10]
        assert [one.get("first_week", 1) for one in plan["dosage"]] == [14, 13, 53, 53]
        assert "2 held" in page.text("#setting-history")
        to_come = planned(Scenario.from_dict(plan)).total.contacts
        page.shown(f"#setting-contacts .set-summary:has-text('{to_come} contacts')")
        setting.button("Remove the log").click()
        setting.toast_undo()
        assert setting.plan() == plan


def test_a_log_with_a_strange_name_says_who_leaves_the_plan(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("history")
        setting.button("Add a contact log").click()
        area = page.page.locator(".set-paste textarea")
        area.fill("Date,Region,Mode,Hours\n2027-03-02,Region I,Zoom,1\n2027-03-09,Region 2,Zoom,1")
        assert "7 leave the plan" in page.text("#setting-history")
        setting.button("Use this log").click()
        assert "No longer in the plan" in page.text(".toast")
        setting.toast_undo()
        assert setting.plan() == PHASES


def test_a_price_that_nobody_entered_is_called_a_placeholder(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("money")
        page.wait("document.querySelectorAll('.verdict .tile').length > 0")
        for label in ("An hour of a provider", "An hour of staff"):
            assert "placeholder" in page.text("#setting-money")
            setting.field(label).fill("90")
        assert "placeholder" in page.text("#setting-money")
        setting.field("Travel of a visit").fill("700")
        assert "placeholder" not in page.text("#setting-money")


def test_a_share_may_be_typed_in_percent_and_a_price_not(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("targets", "money")
        setting.button("Add a target").click()
        setting.field("At least").fill("54 %")
        assert setting.plans()["targets"][0]["at_least"] == 0.54
        setting.field("At least").fill("54")
        assert "allowed: 0 to 1" in page.text(".set-problem")
        setting.field("At least").fill("0.6")
        setting.field("An hour of staff").fill("50%")
        assert "“50%” is not a number" in page.text(".set-problem")
        assert "costs" not in setting.plan()


def test_an_own_mix_is_always_whole(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        setting.open("contacts")
        setting.field("What is done").select_option(label="own mix")
        slider = setting.field("follow-up")
        slider.focus()
        page.press(*["ArrowRight"] * 9)
        functions = setting.plan()["dosage"][0]["functions"]
        assert round(sum(functions.values()), 9) == 1
        assert functions["review"] == 0.24


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1280, "dark"), (390, "dark"), (320, "light")]
)
def test_all_groups_open_are_sound(browser: Any, file: Path, width: int, scheme: str) -> None:
    with driver(browser, file, width=width, scheme=scheme) as page:
        setting = Setting(page)
        page.page.evaluate(
            "document.querySelectorAll('.setting details').forEach((one) => { one.open = true; })"
        )
        setting.button("More about Region III").click()
        setting.button("Paste from Excel").click()
        setting.button("Add a contact log").click()
        page.page.locator("#setting-events .set-phase").first.click()
        assert not page.axe(within=".setting")
        months = [one.bounding_box() for one in page.page.locator(".set-axis > span").all()]
        shown = sorted((one["x"], one["x"] + one["width"]) for one in months if one)
        assert all(end + 8 <= start for (_, end), (start, _) in itertools.pairwise(shown))
        for found in (page.wider_than_the_window(), page.small_targets()):
            assert not [one for one in found if "set-" in one]


def test_open_groups_are_remembered(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        Setting(page)
        page.page.locator("#setting-money > summary").click()
        page.page.locator("#setting-regions > summary").click()
        # the browser says a moment after the click that a group was opened or closed
        page.wait("JSON.parse(localStorage.getItem('codose.setting.open')).regions === false")
        page.page.reload()
        Setting(page)
        assert page.page.locator("#setting-money").get_attribute("open") is not None
        assert page.page.locator("#setting-regions").get_attribute("open") is None
