"""What a log says of who came is used, and what it does not say is drawn as ever."""

from __future__ import annotations

import csv
import io
import math
from datetime import date
from itertools import combinations
from typing import Any

import checks
import numpy as np
import pytest
from checks import column, total
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import SEEDS, examples, log_rows

from sim.core import rules
from sim.core.errors import ScenarioError
from sim.engine.compiled import simulate  # the bits of the readable engine: tests/test_engines.py
from sim.model import dosage
from sim.model.week import CoCreationModel
from sim.scenario.contact_log import COLUMNS, LogRow, parse_log, remarks, row_faults
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario

NAMES = ("region_1", "region_2", "region_3")
CALL = {"mode": "video", "hours": 1.5}
THREE = {"regions": 3, "staff": 8, "providers": 2, "weekly_hours": 20.0, "weeks": 12}


def record_of(scenario: Scenario, seed: int = 1) -> np.ndarray:
    return simulate(scenario, scenario.parameter_set(), seed, 0)


def logged(rows: list[dict[str, Any]], **more: Any) -> Scenario:
    """Three regions of eight, two providers in turn, and a log."""
    return checks.make_scenario(**{**THREE, "log": rows, **more})


def weekly(**more: Any) -> list[dict[str, Any]]:
    """A call of every region in every week."""
    return [{"week": w, "region": name, **CALL, **more} for w in range(1, 13) for name in NAMES]


def states(record: np.ndarray) -> np.ndarray:
    """All that people, regions and commitments are: a record without the provider's hours."""
    names = ("trust", "staff_accountability", "provider_accountability", "knowledge", "integration",
             "routines", "context", "workload", "present", "open", "staff_hours")  # fmt: skip
    return np.stack([column(record, name) for name in names])


# --- how many came --------------------------------------------------------------------------------


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
@given(SEEDS, st.sampled_from([1, 2, 9, 30]), st.sampled_from([0.3, 1.0]), st.booleans())
def test_the_number_that_chance_brought_is_the_same_run(
    seed: int, staff: int, core: float, asked: bool
) -> None:
    more = {"staff": staff, "region_fields": {"core_team": core}}
    rows = weekly()
    record = record_of(logged(rows, **more), seed)
    come, invited = column(record, "present"), column(record, "invited")
    for row in rows:
        place = row["week"], int(row["region"][-1]) - 1
        row["present"] = int(come[place])
        if asked:
            row["invited"] = int(invited[place])
    assert record_of(logged(rows, **more), seed).tobytes() == record.tobytes()


def test_as_many_come_as_the_log_says_of_as_many_as_it_says() -> None:
    known = [{}, {"present": 0}, {"present": 3}, {"present": 8}, {"present": 2, "invited": 5},
             {"invited": 1}, {"present": 6, "status": "held"}]  # fmt: skip
    rows = [{"week": w, **CALL, **one} for w, one in enumerate(known, start=1)]
    record = record_of(logged(rows, region_fields={"core_team": 0.5}))
    present, invited = (column(record, name)[1:8, 0] for name in ("present", "invited"))
    assert invited.tolist() == [4, 4, 4, 8, 5, 1, 6]  # the core team, or all who came
    np.testing.assert_array_equal(present[1:5], [0, 3, 8, 2])
    assert present[6] == 6
    assert present[0] <= 4
    assert present[5] <= 1
    np.testing.assert_allclose(column(record, "staff_hours")[1:8, 0], 1.5 * present)


def test_who_comes_among_few_comes_among_more() -> None:
    """Those present, seen by their knowledge after one contact, are nested."""
    before: set[int] = set()
    for count in range(9):
        model = CoCreationModel(logged([{"week": 1, **CALL, "present": count}]), seed=3)
        known = {x.post: x.knowledge for x in model.regions[0].staff}
        model.step()
        came = {x.post for x in model.regions[0].staff if x.knowledge > known[x.post]}
        assert len(came) == count
        assert before <= came
        before = came


def test_nobody_came() -> None:
    """Held all the same: its hours are spent and its date is kept, and nobody gains by it."""
    nobody = record_of(logged(weekly(present=0)))
    nobody_by_chance = logged(weekly(), parameters={"attendance_base": -50.0})
    assert nobody.tobytes() == record_of(nobody_by_chance).tobytes()
    assert total(nobody, "held") == 36
    assert total(nobody, "attended") == 0
    assert total(nobody, "contact_hours") == 54.0


@pytest.mark.parametrize(
    ("odds", "count", "off"),
    [([-1.5, 0.0, 0.7, 2.0], 2, 0.055), (np.linspace(0.2, 2.0, 12), 6, 0.03)],
)
def test_given_their_number_people_come_by_their_odds(odds: Any, count: int, off: float) -> None:
    """Against the exact distribution of independent people given how many came.

    Order sampling is near to it, not equal: the more people the nearer. Whoever took no notice of
    the odds would be off by .4 and by .23.
    """
    odds, runs, people = np.asarray(odds), 8_000, range(len(odds))
    u = (np.random.default_rng(5).integers(0, 2**32, (runs, len(odds))) + 0.5) / 2**32
    order = [[rules.attendance_order(*one) for one in zip(row, odds, strict=True)] for row in u]
    came = np.argsort(order, axis=1)[:, :count]
    found = np.bincount(came.ravel(), minlength=len(odds)) / runs
    weight = {some: math.exp(odds[list(some)].sum()) for some in combinations(people, count)}
    whole = sum(weight.values())
    exact = [sum(w for some, w in weight.items() if i in some) / whole for i in people]
    np.testing.assert_allclose(found, exact, atol=off)


@given(st.integers(0, 2**32 - 1), st.floats(-36.0, 36.0))
def test_the_order_is_below_one_for_those_whom_chance_brings(word: int, odds: float) -> None:
    u = (word + 0.5) / 2**32
    if abs(u - rules.sigmoid(odds)) > 1e-13:
        assert (rules.attendance_order(u, odds) < 1.0) is (u < rules.sigmoid(odds))


# --- who cancelled --------------------------------------------------------------------------------


def test_a_cancellation_by_nobody_knows_whom_is_the_regions() -> None:
    unknown, region = (
        record_of(logged(weekly(status=s))) for s in ("cancelled", "region_cancelled")
    )
    assert unknown.tobytes() == region.tobytes()
    assert total(unknown, "failed_region") == 36


# --- which provider -------------------------------------------------------------------------------


def test_the_provider_who_would_have_come_is_the_same_run() -> None:
    rows = weekly()
    plain = record_of(logged(rows))
    for row in rows:
        row["provider"] = "provider_2" if row["region"] == "region_2" else "provider_1"
    assert record_of(logged(rows)).tobytes() == plain.tobytes()


def test_who_stands_in_spends_own_hours_and_brings_own_skill() -> None:
    model = CoCreationModel(
        logged([{"week": 1, **CALL, "provider": "provider_2", "present": 8}],
               parameters={**checks.NOTHING_FAILS, "site_dilution": 0.5},
               provider_fields={"assignment": dict.fromkeys(NAMES, "provider_1")})
    )  # fmt: skip
    own, other = model.providers
    own.skill, other.skill = 0.9, 0.4
    region = model.regions[0]
    trust = sum(x.trust for x in region.staff) / 8
    assert other.dilution_at(region.site) == 1.0  # serves this region alone
    assert own.dilution_at(region.site) == 1.0 / 2.0  # 1 / (1 + .5 (3 - 1))
    model.step()
    assert region.ledger.co_creation_sum == pytest.approx(0.6 * math.sqrt(0.4 * trust), rel=1e-9)
    assert own.load == 0.0
    assert other.load == pytest.approx((1.5 * 1.5 + 1.0) / 20.0 * model.p.load_memory)


def test_the_log_says_who_serves_a_region_where_nothing_else_does() -> None:
    rows = weekly()
    for row in rows:
        if row["region"] != "region_3":
            ben = row["region"] == "region_1" and row["week"] > 3
            row["provider"] = "Ben" if ben else "Ann"
    named = {"names": ["Ann", "Ben"]}
    scenario = logged(rows, provider_fields=named)
    assert scenario.assignment == (1, 0, 0)  # most often Ben; Ann; the third in turn is the first
    assert scenario.without_ta().assignment == scenario.assignment
    assert Scenario.from_dict(scenario.to_dict()) == scenario
    given = {"region_1": "Ann", "region_2": "Ann", "region_3": "Ben"}
    assigned = {**named, "assignment": given}
    assert logged(rows, provider_fields=assigned).assignment == (0, 0, 1)


# --- contacts that several regions share ----------------------------------------------------------


def test_a_shared_contact_of_one_region_is_a_contact() -> None:
    rows = weekly()
    plain = record_of(logged(rows))
    for number, row in enumerate(rows):
        row["contact"] = str(number)
    assert record_of(logged(rows)).tobytes() == plain.tobytes()


def together(statuses: tuple[str, ...], **more: Any) -> list[dict[str, Any]]:
    visit = {"week": 1, "mode": "onsite", "hours": 4.0, "contact": "a", **more}
    return [{"region": f"region_{n}", "status": status, **visit}
            for n, status in enumerate(statuses, start=1)]  # fmt: skip


@pytest.mark.parametrize(
    "statuses",
    [("held", "held", "held"), ("held", "held"), ("held", "region_cancelled", "held"),
     ("cancelled", "held", "region_cancelled")],
)  # fmt: skip
def test_a_shared_contact_takes_its_provider_once(statuses: tuple[str, ...]) -> None:
    """All regions together have the hours of one contact, and each its own people's in full."""
    one = record_of(logged(together(("held",), provider="provider_1")))
    record = record_of(logged(together(statuses, provider="provider_1")))
    for name in ("contact_hours", "preparation_hours", "travel_hours", "visits"):
        assert total(record, name) == pytest.approx(total(one, name)), name
    load = CoCreationModel(logged(together(statuses, provider="provider_1")))
    load.step()
    alone = CoCreationModel(logged(together(("held",), provider="provider_1")))
    alone.step()
    assert load.providers[0].load == pytest.approx(alone.providers[0].load)
    assert load.providers[1].load == 0.0
    held = np.array([status == "held" for status in (*statuses, "cancelled")[:3]])
    np.testing.assert_array_equal(column(record, "held")[1], held)
    staff = column(record, "staff_hours")[1]
    np.testing.assert_allclose(staff, 4.0 * column(record, "present")[1])
    assert (staff[held] > 0.0).all()


@pytest.mark.parametrize("status", ["provider_cancelled", "cancelled"])
def test_a_shared_contact_that_nobody_held_is_prepared_once(status: str) -> None:
    record = record_of(logged(together((status,) * 3)))
    assert total(record, "preparation_hours") == pytest.approx(1.0 + 0.5 * 4.0)
    assert total(record, "contact_hours") == 0.0


@pytest.mark.parametrize(("known", "others"), [({}, 16), ({"present": 3}, 6)])
def test_everybody_in_a_shared_contact_thins_out_attention(
    known: dict[str, Any], others: int
) -> None:
    """As a richness divided by 1 + gd (present - 12)/12, with all of the other regions who came."""
    parameters = {"attendance_base": 50.0, "attendance_slope": 0.0, "group_dilution": 0.15}
    rows = together(("held",) * 3)
    for row in rows[1:]:
        row.update(known)
    record = record_of(logged(rows, parameters=parameters))
    thinner = 1.0 / (1.0 + 0.15 * max(0.0, 8 + others - 12) / 12)
    alone = {**parameters, "group_dilution": 0.0, "richness_onsite": thinner}
    expected = record_of(logged([{**rows[0], "contact": None}], parameters=alone))
    found = [states(one)[:, :, 0] for one in (record, expected)]
    np.testing.assert_allclose(*found, rtol=1e-12)


# --- what it costs --------------------------------------------------------------------------------


def test_the_planned_cost_of_a_log_is_of_those_who_came() -> None:
    plain, known = (logged(together(("held",) * 2, **more)) for more in ({}, {"present": 3}))
    spent = dosage.planned(known).spent
    assert spent.staff_hours == 2 * 3 * 4.0
    assert dosage.planned(plain).spent.staff_hours == 2 * 8 * 4.0
    assert spent.visits == 1.0
    assert spent.provider_hours == pytest.approx(4.0 + 3.0 + 6.0)
    record = record_of(known)
    assert total(record, "staff_hours") == spent.staff_hours


# --- what does not fit ----------------------------------------------------------------------------

ROW = "{week: 1, region: region_1, mode: video, hours: 1"
OTHER = "{week: 1, region: region_2, mode: video, hours: 1"


@pytest.mark.parametrize(
    ("rows", "messages"),
    [
        ([f"{ROW}, present: 9}}"],
         ["rows[0].present: 9 came, but region_1 has 8 staff; "
          "allowed: 0..8, or more staff in the region"]),
        ([f"{ROW}, present: 4, invited: 3}}"],
         ["rows[0].present: 4 came of 3 invited; allowed: 0..3"]),
        ([f"{ROW}, invited: 12}}"],
         ["rows[0].invited: 12 were invited, but region_1 has 8 staff; "
          "allowed: 1..8, or more staff in the region"]),
        ([f"{ROW}, status: cancelled, present: 1}}"],
         ["rows[0].present: 1 came to a contact that was cancelled; allowed: 0, or an empty cell"]),
        ([f"{ROW}, present: 2.5}}"],
         ["rows[0].present: 2.5 is not a whole number; allowed: whole numbers 0..1048575"]),
        ([f"{ROW}, provider: provider_1}}", f"{OTHER}, provider: Ann}}",
          f"{OTHER}, provider: Ben}}", f"{OTHER}, provider: Ann}}"],
         ["rows[1].provider: 'Ann', 'Ben' are not providers (in 3 rows); allowed: provider_1, "
          'provider_2; or name them in the scenario, providers: {names: [provider_1, Ann, '
          'Ben]}']),
        ([f"{ROW}, provider: '2'}}"],
         ["rows[0].provider: '2' is not a provider; allowed: provider_1, provider_2; or name them "
          "in the scenario, providers: {names: [\"2\"]}; did you mean 'provider_2'?"]),
        ([f"{ROW}, contact: a}}", f"{ROW}, contact: a}}"],
         ["rows[1].contact: region_1 has contact 'a' twice; allowed: each region once"]),
        ([f"{ROW}, contact: a}}", "{week: 2, region: region_2, mode: phone, hours: 3, contact: a}"],
         ["rows[1].week: contact 'a' is in week 2 with region_2, but in week 1 with region_1; "
          "allowed: the same week for all; or another id, if it is another contact",
          "rows[1].mode: contact 'a' is by phone with region_2, but by video with region_1; "
          "allowed: the same mode for all; or another id, if it is another contact",
          "rows[1].hours: contact 'a' is of 3 h with region_2, but of 1 h with region_1; "
          "allowed: the same hours for all; or another id, if it is another contact"]),
        ([f"{ROW}, contact: a, status: provider_cancelled}}", f"{OTHER}, contact: a}}"],
         ["rows[1].status: contact 'a' was cancelled by the provider with region_1, but not with "
          "region_2; allowed: with all of the regions or none"]),
    ],
)  # fmt: skip
def test_what_does_not_fit(rows: list[str], messages: list[str]) -> None:
    text = "name: x\nhorizon_weeks: 9\nregions: {candidates: 2, count: 2, staff: 8}\n"
    text += "contact_log:\n  rows:\n" + "".join(f"  - {row}\n" for row in rows)
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_text(text, "f.yaml")
    found = [line.split(": ", 1) for line in str(caught.value).splitlines()]
    assert [said for _, said in found] == [f"contact_log.{one}" for one in messages]


def test_names_of_providers_are_as_many_as_providers_and_once_each() -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_text("name: x\nproviders: {count: 3, names: [Ann, Ann]}", "f.yaml")
    assert str(caught.value).splitlines() == [
        "f.yaml:2:30: providers.names: has 2 names for 3 providers; allowed: 3",
        "f.yaml:2:36: providers.names[1]: 'Ann' is given twice",
    ]
    named = Scenario.from_text("name: x\nproviders: {names: [Ann, Ben, Cem]}")
    assert (named.providers.count, named.provider_names) == (3, ("Ann", "Ben", "Cem"))
    assert named.assignment == (0, 1, 2)


CSV = """date,region,mode,hours,status,provider,present,invited,contact
2025-01-07,north,video,1.5,,Ann,5,,webinar

2025-01-07,south,video,1.5,held,Ann,{present},{invited},{contact}
2025-01-14,south,phone,1,cancelled,,,,
"""


def read(**cells: Any) -> tuple[LogRow, ...]:
    return parse_log(
        CSV.format(**{"present": 6, "invited": 8, "contact": "webinar", **cells}), "log.csv",
        horizon_weeks=10, region_names=("north", "south"), first_date=date(2025, 1, 7),
        staff={"north": 9, "south": 8}, providers=("Ann", "Ben"),
    )  # fmt: skip


def test_a_file_says_who_came() -> None:
    shared = {"week": 1, "mode": "video", "hours": 1.5, "provider": "Ann", "contact": "webinar"}
    rows = (
        LogRow(region="north", **shared, present=5),
        LogRow(region="south", **shared, present=6, invited=8),
        LogRow(week=2, region="south", mode="phone", hours=1, status="cancelled"),
    )
    assert read() == rows
    assert read(present="6.0") == rows  # as tables write whole numbers beside empty cells
    assert read(present="")[1].present is None


STAFF = {"north": 9, "south": 4, "west": 1}


@given(log_rows(STAFF, ["Ann", "Ben"], 30))
def test_any_log_is_read_as_it_is_written(drawn: list[dict[str, Any]]) -> None:
    rows = [LogRow(**row) for row in drawn]
    names = [name for name in COLUMNS if name != "date"]
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(names)
    for row in rows:
        shares = row.functions.model_dump() if row.functions else {}
        writer.writerow([shares.get(name, getattr(row, name, None)) for name in names])
    found = parse_log(
        table.getvalue(), horizon_weeks=30, region_names=tuple(STAFF), staff=STAFF,
        providers=("Ann", "Ben"),
    )  # fmt: skip
    assert found == tuple(sorted(rows, key=lambda row: row.week))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"present": 9, "invited": ""}, "present: 9 came, but south has 8 staff"),
        ({"present": 7, "invited": 6}, "present: 7 came of 6 invited"),
        ({"present": "2.5"}, "present"),
        ({"present": -1}, "present"),
        ({"invited": 0, "present": ""}, "invited"),
        ({"invited": "all"}, "invited"),
    ],
)
def test_a_file_names_the_line_of_what_does_not_fit(cells: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(**cells)
    assert [str(one) for one in caught.value.problems] == [str(caught.value)]
    assert str(caught.value).startswith(f"log.csv:4: {said}")


def test_an_unknown_provider_among_named_ones_is_told_by_name() -> None:
    row = {"week": 1, "region": "north", "mode": "video", "hours": 1}
    rows = [LogRow(**row, provider=name) for name in ("Ann", "Bem", "Dee", "Bem", "2")]
    faults = list(row_faults(rows, providers=("Ann", "Ben")))
    assert [(fault.where[0], fault.message, fault.suggestion) for fault in faults] == [
        (1, "'Bem' is not a provider (in 2 rows)", "Ben"),
        (2, "'Dee' is not a provider", ""),
        (4, "'2' is not a provider", "Ben"),
    ]
    assert {fault.allowed for fault in faults} == {"Ann, Ben"}


def test_what_needs_no_scenario_is_found_without_one() -> None:
    row = {"week": 1, "region": "north", "mode": "video", "hours": 1, "contact": "a"}
    rows = [LogRow(**row, provider="Ann", present=900), LogRow(**row)]
    assert [fault.where[1] for fault in row_faults(rows)] == ["contact"]


def test_a_lever_leaves_no_provider_out_who_came() -> None:
    rows = [{"week": 1, **CALL, "provider": "Ben"}]
    providers = {"names": ["Ann", "Ben"], "assignment": dict.fromkeys(NAMES, "Ann")}
    scenario = logged(rows, provider_fields=providers)
    assert with_levers(scenario, {"providers": 3}).provider_names == ("Ann", "Ben", "provider_1")
    with pytest.raises(Exception, match="the contact log has contacts of Ben"):
        with_levers(scenario, {"providers": 1})


# --- what is said ---------------------------------------------------------------------------------


def test_remarks_count_what_is_known() -> None:
    row = {"week": 1, "mode": "video", "hours": 1}
    rows = [
        LogRow(region="north", **row, provider="Ann", present=3, contact="a"),
        LogRow(region="south", **row, provider="Ann", contact="a"),
        LogRow(region="north", **row, status="cancelled"),
        LogRow(region="south", **row, status="cancelled"),
    ]
    assert remarks(rows, {"north": "Ann", "south": "Ben"}) == [
        "1 of 2 held log rows says how many came; attendance is drawn in the others.",
        "2 of 4 log rows name the provider; in 1 of them another than the region's own.",
        "2 log rows are 1 contact shared by several regions: the provider's time is divided "
        "between them.",
        "2 log rows are cancelled without saying by whom: they count as cancelled by the region.",
    ]
    assert remarks([LogRow(region="north", status="held", **row)]) == []
    one = LogRow(region="north", **row)
    said = "No log row has a status: 2 log rows count as held."
    assert remarks([one, one]) == [said]
