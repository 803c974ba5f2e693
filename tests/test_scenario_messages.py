"""Every mistake in a scenario file is told in one sentence, at its line, with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core import files
from sim.core.errors import MISTAKES_SHOWN, ScenarioError
from sim.scenario.loading import SIZE_LIMIT, parse
from sim.scenario.scenario import Scenario, find

FIELDS = (
    "name, question, description, horizon_weeks, start_date, skip, seed, regions, providers, "
    "dosage, contact_log, shocks, delivery_work, background_trend, costs, parameters, "
    "beyond_range"
)
SERIES = (
    "mode, every_weeks, hours, first_week, last_week, co_creation, taper, timing, invited, "
    "functions"
)
NETWORKS = "complete, ring, small_world, hub, random, none, file"
SHOCKS = "provider_leaves, staff_leave, demand_rise, dosage_cut"
PARAMETERS = "the names printed by 'codose parameters'"


def messages(text: str) -> list[str]:
    """What loading this text says, one mistake a line."""
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_text(text, "f.yaml")
    return str(caught.value).splitlines()


def after_name(text: str) -> list[str]:
    """The same for text whose first line is a sound name."""
    return messages(f"name: x\n{text}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml: the file is empty"),
        ("# only a comment\n", "f.yaml: the file is empty"),
        ("---\n", "f.yaml: the file is empty"),
        ("null", "f.yaml:1:1: a scenario must be a mapping (field: value), not null"),
        ("5", "f.yaml:1:1: a scenario must be a mapping (field: value), not 5"),
        ("- name: x", "f.yaml:1:1: a scenario must be a mapping (field: value), not a list"),
        ("name: x\n\tseed: 1", "f.yaml:2:1: a tab cannot be used here; indent with spaces"),
        (
            "name: [",
            "f.yaml:1:8: is not valid YAML: while parsing a flow node, expected the node "
            "content, but found '<stream end>'",
        ),
        (
            "name: x\nseed: 'y",
            "f.yaml:2:9: is not valid YAML: while scanning a quoted scalar, found unexpected "
            "end of stream",
        ),
        ("name: \x07", "f.yaml:1:7: a character that is not text (U+0007)"),
        (
            "name: x\nseed: [" + "[" * 100,
            "f.yaml:2:47: is nested too deeply; allowed: at most 40 levels",
        ),
        ("a" * (SIZE_LIMIT + 1), "f.yaml: is too large; allowed: at most 1 MiB"),
    ],
    ids=lambda value: value[:25],
)
def test_text_that_is_no_scenario(text: str, message: str) -> None:
    assert messages(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: y", "f.yaml:2:1: name: is given twice; the first is on line 1"),
        ("seed: &a 3", "f.yaml:2:7: seed: anchors are not allowed (&a)"),
        ("seed: *a", "f.yaml:2:7: seed: aliases are not allowed (*a); write it out"),
        ("<<: {seed: 3}", "f.yaml:2:1: merge keys are not allowed (<<); write the fields out"),
        ("seed: !!int 3", "f.yaml:2:7: seed: tags are not allowed (!!int)"),
        ("seed: !mine 3", "f.yaml:2:7: seed: tags are not allowed (!mine)"),
        ("seed: !!python/object:os.system 3",
         "f.yaml:2:7: seed: tags are not allowed (!!python/object:os.system)"),
        ("? [a]\n: 3", "f.yaml:2:3: a field name must be text"),
        ("? *a\n: 3", "f.yaml:2:3: aliases are not allowed (*a); write it out"),
        ("&a seed: 3", "f.yaml:2:1: anchors are not allowed (&a)"),
        ("!a seed: 3", "f.yaml:2:1: tags are not allowed (!a)"),
        ("costs: {'': 3}", "f.yaml:2:9: costs: a field name is missing before ':'"),
        ("---\nname: y",
         "f.yaml:2:1: a file may hold one document only; '---' begins a second one"),
    ],
    ids=lambda value: value[:25],
)  # fmt: skip
def test_yaml_that_is_refused(text: str, message: str) -> None:
    assert after_name(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # unknown and missing fields
        ("sead: 3", f"f.yaml:2:1: sead: is not a field; allowed: {FIELDS}; did you mean 'seed'?"),
        ("dosage:\n- {mode: video, every_weeks: 4, hour: 1}",
         f"f.yaml:3:33: dosage[0].hour: is not a field; allowed: {SERIES}; "
         "did you mean 'hours'?"),
        ("dosage:\n- {mode: video, every_weeks: 4}", "f.yaml:3:3: dosage[0].hours: is required"),
        ("regions:\n  overrides:\n    region_1: {start: {trusts: 0.5}}",
         "f.yaml:4:24: regions.overrides.region_1.start.trusts: is not a field; allowed: trust, "
         "staff_accountability, provider_accountability, knowledge, demand; did you mean 'trust'?"),
        # shapes
        ("regions:", "f.yaml:2:1: regions: is empty; fill it in or remove it"),
        ("regions: 3", "f.yaml:2:10: regions: must be a mapping (field: value), not 3"),
        ("dosage: {mode: video}", "f.yaml:2:9: dosage: must be a list, not a mapping"),
        ("dosage: video", "f.yaml:2:9: dosage: must be a list, not 'video'"),
        ("shocks: [5]", "f.yaml:2:10: shocks[0]: must be a mapping (field: value), not 5"),
        ("regions: {overrides: [1]}",
         "f.yaml:2:22: regions.overrides: must be a mapping (field: value), not a list"),
        # numbers
        ("seed: '3'", "f.yaml:2:7: seed: '3' is text, not a number; remove the quotes; "
         "allowed: whole numbers 0..9223372036854775807"),
        ("seed: true", "f.yaml:2:7: seed: true is not a number; "
         "allowed: whole numbers 0..9223372036854775807"),
        ("seed: 2.5", "f.yaml:2:7: seed: 2.5 is not a whole number; "
         "allowed: whole numbers 0..9223372036854775807"),
        ("seed: -1", "f.yaml:2:7: seed: -1 is out of range; "
         "allowed: whole numbers 0..9223372036854775807"),
        ("horizon_weeks: 1041",
         "f.yaml:2:16: horizon_weeks: 1041 is out of range; allowed: whole numbers 1..1040"),
        ("background_trend: -.inf",
         "f.yaml:2:19: background_trend: -inf is not a finite number; allowed: -0.5..0.5"),
        ("costs: {staff_hour: .nan}",
         "f.yaml:2:21: costs.staff_hour: nan is not a finite number; allowed: 0 or more"),
        ("costs: {staff_hour: 1e999}",
         "f.yaml:2:21: costs.staff_hour: inf is not a finite number; allowed: 0 or more"),
        ("costs:\n  staff_hour:",
         "f.yaml:3:3: costs.staff_hour: is empty; allowed: 0 or more"),
        # words
        ("question: 5", "f.yaml:2:11: question: 5 is not text; put it in quotes; allowed: text"),
        ("question: >\n  two\n", "f.yaml:2:11: question: holds a line break or a tab; "
         "allowed: text on one line"),
        ("question: ' a'", "f.yaml:2:11: question: ' a' begins or ends with a space"),
        (f"question: {'a' * 501}",
         "f.yaml:2:11: question: is too long (501 characters); allowed: at most 500"),
        ('question: "\\a"', "f.yaml:2:11: question: holds a character that is not text (U+0007)"),
        ("regions: {names: [overall, b, c]}",
         "f.yaml:2:19: regions.names[0]: 'overall' is a reserved name"),
        ("beyond_range: yes",
         "f.yaml:2:15: beyond_range: 'yes' is not true or false; allowed: true, false"),
        # choices
        ("regions: {network: rign}",
         f"f.yaml:2:20: regions.network: 'rign' is not one of the choices; allowed: {NETWORKS}; "
         "did you mean 'ring'?"),
        ("regions: {network: {kind: rign}}",
         f"f.yaml:2:27: regions.network.kind: 'rign' is not one of the choices; "
         f"allowed: {NETWORKS}; did you mean 'ring'?"),
        ("regions: {selection: no}",
         "f.yaml:2:22: regions.selection: 'no' is not one of the choices; "
         "allowed: readiest, random, all"),
        ("shocks:\n- {week: 3}", f"f.yaml:3:3: shocks[0].kind: is required; allowed: {SHOCKS}"),
        ("shocks:\n- {kind: staf_leave, week: 3}",
         f"f.yaml:3:10: shocks[0].kind: 'staf_leave' is not one of the choices; "
         f"allowed: {SHOCKS}; did you mean 'staff_leave'?"),
        ("shocks:\n- {kind: staff_leave, week: 3}", "f.yaml:3:3: shocks[0].share: is required"),
        # values of their own form
        ("providers: {weekly_hours: [20, 200]}",
         "f.yaml:2:27: providers.weekly_hours: 200 is out of range; allowed: 0..168"),
        ("dosage: [{mode: video, every_weeks: 4, hours: 1, co_creation: [0.5]}]",
         "f.yaml:2:63: dosage[0].co_creation: is a list of 1; "
         "allowed: one number 0..1, or [start, end]"),
        ("dosage: [{mode: video, every_weeks: 4, hours: 1, invited: 0}]",
         "f.yaml:2:59: dosage[0].invited: 0 is out of range; allowed: above 0, up to 1"),
        ("contact_log: {first_date: 01.11.2016, rows: [{week: 1, region: region_1, mode: phone, "
         "hours: 1}]}",
         "f.yaml:2:27: contact_log.first_date: '01.11.2016' is not a date; "
         "allowed: yyyy-mm-dd, such as 2016-11-01"),
        ("delivery_work: {week: 3, until_week: 9, share: 2}",
         "f.yaml:2:48: delivery_work.share: 2 is out of range; allowed: 0..1"),
    ],
    ids=lambda value: value[:40],
)  # fmt: skip
def test_one_field(text: str, message: str) -> None:
    assert after_name(text) == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("regions: {candidates: 2, count: 3}",
         "f.yaml:2:33: regions.count: 3 regions cannot be chosen from 2 candidates; allowed: 1..2"),
        ("regions: {selection: all, count: 2}",
         "f.yaml:2:34: regions.count: 2 is not all of 12 candidates, but selection is all; "
         "allowed: 12, or leave it out"),
        ("regions: {names: [a, b]}",
         "f.yaml:2:18: regions.names: has 2 names for 3 regions; allowed: 3"),
        ("regions: {names: [a, b, a]}", "f.yaml:2:25: regions.names[2]: 'a' is given twice"),
        ("regions:\n  overrides:\n    regoin_2: {staff: 3}",
         "f.yaml:4:5: regions.overrides.regoin_2: 'regoin_2' is not a region; "
         "allowed: region_1, region_2, region_3; did you mean 'region_2'?"),
        ("regions: {core_team: 0}\ndosage: [{mode: video, every_weeks: 4, hours: 1}]",
         "f.yaml:2:22: regions.core_team: nobody would attend the contacts; for a run without TA "
         "leave out dosage and log; allowed: above 0, up to 1"),
        ("regions: {network: {kind: file}}",
         "f.yaml:2:11: regions.network.file: is required for kind: file (or give names and edges)"),
        ("regions: {network: {kind: ring, file: a.csv}}",
         "f.yaml:2:39: regions.network.file: goes with kind: file, not with kind: ring"),
        ("regions: {network: {names: [a]}}",
         "f.yaml:2:28: regions.network.names: goes with kind: file, not with kind: small_world"),
        ("regions: {network: {kind: hub, edges: [[a, b]]}}",
         "f.yaml:2:39: regions.network.edges: goes with kind: file, not with kind: hub"),
        ("regions: {network: {file: a.csv, edges: [[a, b]]}}",
         "f.yaml:2:41: regions.network.edges: give a file or edges, not both"),
        ("regions: {network: {kind: file, names: [a, b], edges: [[a]]}}",
         "f.yaml:2:56: regions.network.edges[0]: is not a pair of names; allowed: [one, other]"),
        ("regions: {network: {kind: file, names: [a, b], edges: [[a, b]]}}",
         "f.yaml:2:20: regions.network: the team has 2 people, but region_1 has 12 staff; "
         "allowed: 12 people, or staff: 2"),
        ("providers: {count: 3, weekly_hours: [20, 20]}",
         "f.yaml:2:37: providers.weekly_hours: has 2 values for 3 providers; "
         "allowed: one number, or 3"),
        ("providers: {assignment: {region_1: provider_1}}",
         "f.yaml:2:13: providers.assignment: every region needs a provider; "
         "missing: region_2, region_3"),
        ("regions: {count: 1}\nproviders: {assignment: {region_1: provider_3}}",
         "f.yaml:3:36: providers.assignment.region_1: 'provider_3' is not a provider; "
         "allowed: provider_1, provider_2; did you mean 'provider_2'?"),
        ("dosage: [{mode: video, every_weeks: 4, hours: 1, first_week: 9, last_week: 8}]",
         "f.yaml:2:76: dosage[0].last_week: week 8 is before the first week, 9; "
         "allowed: 9 or later"),
        ("dosage: [{mode: video, every_weeks: 4, hours: 1, last_week: 157}]",
         "f.yaml:2:61: dosage[0].last_week: week 157 is beyond the horizon; allowed: 1..156"),
        ("dosage: [{mode: video, every_weeks: 4, hours: 1, first_week: 157}]",
         "f.yaml:2:62: dosage[0].first_week: week 157 is beyond the horizon; allowed: 1..156"),
        ("contact_log: {}", "f.yaml:2:1: contact_log: needs a file, or rows"),
        ("contact_log: {file: a.csv, rows: [{week: 1, region: region_1, mode: phone, hours: 1}]}",
         "f.yaml:2:34: contact_log.rows: give a file or rows, not both"),
        ("contact_log: {rows: [{week: 157, region: region_1, mode: phone, hours: 1}]}",
         "f.yaml:2:29: contact_log.rows[0].week: week 157 is beyond the horizon; allowed: 1..156"),
        ("contact_log: {rows: [{week: 1, region: region1, mode: phone, hours: 1}]}",
         "f.yaml:2:40: contact_log.rows[0].region: 'region1' is not a region; "
         "allowed: region_1, region_2, region_3; did you mean 'region_1'?"),
        ("contact_log: {rows: [{week: 9, region: region_1, mode: phone, hours: 1}]}\n"
         "dosage:\n- mode: video\n  every_weeks: 4\n  hours: 1",
         "f.yaml:4:3: dosage[0].first_week: starts in week 1, but the contact log runs to week 9; "
         "allowed: 10 or later"),
        ("shocks: [{kind: provider_leaves, week: 200, provider: provider_1}]",
         "f.yaml:2:40: shocks[0].week: week 200 is beyond the horizon; allowed: 1..156"),
        ("shocks: [{kind: provider_leaves, week: 2, provider: provider_9}]",
         "f.yaml:2:53: shocks[0].provider: 'provider_9' is not a provider; "
         "allowed: provider_1, provider_2; did you mean 'provider_2'?"),
        ("shocks: [{kind: staff_leave, week: 2, share: 0.5, region: lakes}]",
         "f.yaml:2:59: shocks[0].region: 'lakes' is not a region; "
         "allowed: region_1, region_2, region_3"),
        ("shocks: [{kind: demand_rise, week: 9, until_week: 3, by: 0.1}]",
         "f.yaml:2:51: shocks[0].until_week: week 3 is before the first week, 9; "
         "allowed: 9 or later"),
        ("shocks: [{kind: dosage_cut, week: 9, until_week: 157, factor: 0.5}]",
         "f.yaml:2:50: shocks[0].until_week: week 157 is beyond the horizon; allowed: 1..156"),
        ("delivery_work: [{week: 9, until_week: 3, share: 0.5}]",
         "f.yaml:2:39: delivery_work[0].until_week: week 3 is before the first week, 9; "
         "allowed: 9 or later"),
        ("delivery_work: {week: 9, until_week: 3, share: 0.5}",
         "f.yaml:2:38: delivery_work.until_week: week 3 is before the first week, 9; "
         "allowed: 9 or later"),
        ("parameters: {trust_stp: 0.3}",
         f"f.yaml:2:14: parameters.trust_stp: 'trust_stp' is not a parameter; "
         f"allowed: {PARAMETERS}; did you mean 'trust_step'?"),
        ("parameters: {trust_step: 0.05}",
         "f.yaml:2:26: parameters.trust_step: 0.05 is outside the plausible range (share of the "
         "gap between trust and experienced quality that a saturated contact closes); to go there "
         "on purpose set beyond_range: true; allowed: 0.1..0.45"),
        ("parameters: {trust_step: 2}\nbeyond_range: true",
         "f.yaml:2:26: parameters.trust_step: 2 is outside the limits of the equation; "
         "allowed: 0..1"),
        ("parameters: {trust_step: high}",
         "f.yaml:2:26: parameters.trust_step: 'high' is not a number; allowed: 0.1..0.45"),
        ("parameters: {trust_step: .nan}",
         "f.yaml:2:26: parameters.trust_step: nan is not a finite number; allowed: 0.1..0.45"),
    ],
    ids=lambda value: value[:60],
)  # fmt: skip
def test_fields_that_do_not_fit_together(text: str, message: str) -> None:
    assert after_name(text) == [message]


def test_people_and_ties_within_a_scenario() -> None:
    text = (
        "regions: {staff: 3, network: {kind: file, names: [ann, bob, Bob],\n"
        "  edges: [[ann, bob], [bob, ann], [amn, ann], [bob, bob]]}}"
    )
    assert after_name(text) == [
        "f.yaml:2:61: regions.network.names[2]: 'Bob' is probably the same person as 'bob'; "
        "did you mean 'bob'?",
        "f.yaml:3:23: regions.network.edges[1]: the tie bob - ann is given twice",
        "f.yaml:3:35: regions.network.edges[2]: 'amn' is not in the team; did you mean 'ann'?",
        "f.yaml:3:47: regions.network.edges[3]: 'bob' is tied to itself",
    ]


def test_all_mistakes_at_once_in_the_order_of_lines() -> None:
    text = """\
horizon_week: 100
regions:
  count: 13
  staff: many
  overrides: {region_14: {staff: 3}}
dosage:
  - {mode: vidio, every_weeks: 4, hours: 1}
  - {mode: video, every_weeks: 4, hours: 1, hours: 2}
  - {mode: video, every_weeks: 4, hours: 1, first_week: 9, last_week: 3}
shocks:
  - {kind: staff_leave, week: 5, share: 0.1, region: region_0}
parameters: {trust_stp: 0.3, trust_step: 0.3}
"""
    assert messages(text) == [
        "f.yaml:1:1: name: is required",
        "f.yaml:1:1: horizon_week: is not a field; "
        f"allowed: {FIELDS}; did you mean 'horizon_weeks'?",
        "f.yaml:3:10: regions.count: 13 regions cannot be chosen from 12 candidates; "
        "allowed: 1..12",
        "f.yaml:4:10: regions.staff: 'many' is not a number; allowed: whole numbers 1..1048575",
        "f.yaml:5:15: regions.overrides.region_14: 'region_14' is not a region; allowed: "
        "region_1, region_2, region_3, region_4, region_5, region_6, region_7, region_8, "
        "region_9, region_10, region_11, region_12 and 1 more; did you mean 'region_4'?",
        "f.yaml:7:12: dosage[0].mode: 'vidio' is not one of the choices; "
        "allowed: onsite, video, phone, email; did you mean 'video'?",
        "f.yaml:8:45: dosage[1].hours: is given twice; the first is on line 8",
        "f.yaml:9:71: dosage[2].last_week: week 3 is before the first week, 9; allowed: 9 or later",
        "f.yaml:11:54: shocks[0].region: 'region_0' is not a region; allowed: "
        "region_1, region_2, region_3, region_4, region_5, region_6, region_7, region_8, "
        "region_9, region_10, region_11, region_12 and 1 more; did you mean 'region_10'?",
        "f.yaml:12:14: parameters.trust_stp: 'trust_stp' is not a parameter; "
        f"allowed: {PARAMETERS}; did you mean 'trust_step'?",
    ]


def test_one_mistake_does_not_cause_a_second_message() -> None:
    # The number of regions is unknown here, so nothing is said of the names or the override.
    assert after_name("regions: {count: three, names: [a], overrides: {z: {staff: 3}}}") == [
        "f.yaml:2:18: regions.count: 'three' is not a number; allowed: whole numbers 1..4095"
    ]
    assert after_name("regions: {counts: 1, names: [a]}") == [
        "f.yaml:2:11: regions.counts: is not a field; allowed: candidates, count, selection, "
        "staff, network, core_team, names, overrides; did you mean 'count'?"
    ]


def test_a_long_list_of_mistakes_is_cut() -> None:
    series = "\n- {mode: video, every_weeks: 4}" * (MISTAKES_SHOWN + 3)
    found = after_name(f"dosage:{series}")
    assert len(found) == MISTAKES_SHOWN + 1
    assert found[0] == "f.yaml:3:3: dosage[0].hours: is required"
    assert found[-1] == "and 3 more mistakes"


def test_a_problem_is_data() -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_text("name: x\nregions: {selection: rediest}", "f.yaml")
    problem = caught.value.problem
    assert (problem.file, problem.line, problem.column) == ("f.yaml", 2, 22)
    assert (problem.field, problem.value) == ("regions.selection", "rediest")
    assert (problem.allowed, problem.suggestion) == ("readiest, random, all", "readiest")
    assert caught.value.exit_code == 2


# --- traps of YAML --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("off", "off"), ("Y", "Y"), ("TRUE", "TRUE"),
        ("true", True), ("false", False), ("~", None), ("null", None),
        ("1e-3", 0.001), ("1E3", 1000.0), ("-.5", -0.5), ("+3", 3), ("5.", 5.0),
        ("1_0", "1_0"), ("0x10", "0x10"), ("0o7", "0o7"), ("010", "010"), ("1:30", "1:30"),
        ("2016-11-01", "2016-11-01"), ("'5'", "5"), ('"true"', "true"), ("=", "="),
        (".inf", float("inf")), ("-.inf", float("-inf")),
    ],
)  # fmt: skip
def test_what_a_word_means(word: str, value: object) -> None:
    data = parse(f"key: {word}").data
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_text() -> None:
    assert parse("{no: 1, 5: 2, null: 3}").data == {"no": 1, "5": 2, "null": 3}


def test_a_byte_order_mark_and_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\r\nseed: 5\r\n")
    assert Scenario.load(path).seed == 5
    path.write_bytes(b"\xef\xbb\xbfname: x\r\nseed: y\r\n")
    with pytest.raises(ScenarioError, match=r"a\.yaml:2:7: seed: 'y' is not a number"):
        Scenario.load(path)


# --- files ----------------------------------------------------------------------------------------


def refusal(path: Path | str) -> str:
    with pytest.raises(ScenarioError) as caught:
        Scenario.load(path)
    return str(caught.value)


def test_missing_file_suggests_a_near_one(tmp_path: Path) -> None:
    (tmp_path / "source.yaml").write_text("name: x")
    missing = tmp_path / "sorce.yaml"
    assert refusal(missing) == (
        f"{missing}: there is no such file; did you mean '{tmp_path / 'source.yaml'}'?"
    )


def test_missing_file_suggests_a_shipped_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "names", lambda kind: ("national", "source"))
    missing = tmp_path / "nowhere" / "sourc.yaml"
    assert refusal(missing) == f"{missing}: there is no such file; did you mean 'source'?"


def test_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: is a folder, not a file"


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (SIZE_LIMIT + 1))
    assert refusal(path) == f"{path}: is too large (1,048,577 bytes); allowed: at most 1 MiB"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: x\0", "is not a text file (it holds binary data)"),
        ("name: x".encode("utf-16"), "is not a text file (it holds binary data)"),
        (
            b"PK\3\4\0\0",
            "is not a text file (it holds binary data); allowed: a text file; "
            "'codose import log' reads the contacts of a workbook",
        ),
        (b"name: x\nquestion: caf\xe9\n", "is not UTF-8 text (line 2)"),
    ],
)
def test_not_text(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    assert refusal(path) == f"{path}: {message}"


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: x")

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert refusal(path) == f"{path}: cannot be read (Permission denied)"


def test_a_name_that_no_file_can_have() -> None:
    assert refusal("a\0b").endswith("is not a usable file name")


def test_a_device_is_not_read() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("no such device on this system")
    assert refusal("/dev/zero") == "/dev/zero: is not an ordinary file"


def test_names_of_shipped_scenarios(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "names", lambda kind: ("national", "source"))
    monkeypatch.setattr(files, "folder", lambda kind: tmp_path)
    monkeypatch.chdir(tmp_path)
    expected = (
        "'sorce' is neither a file nor a shipped scenario; "
        "allowed: a path, or one of: national, source; did you mean 'source'?"
    )
    with pytest.raises(ScenarioError) as caught:
        Scenario.shipped("sorce")
    assert str(caught.value) == expected
    with pytest.raises(ScenarioError) as caught:
        find("sorce")
    assert str(caught.value) == expected
    assert find("source") == tmp_path / "source.yaml"
    assert find("sorce.yaml") == Path("sorce.yaml")
    (tmp_path / "source").mkdir()  # a folder of results of that name hides nothing
    assert find("source") == tmp_path / "source.yaml"


# --- files that a scenario names ------------------------------------------------------------------


def test_other_files_are_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    (tmp_path / "contacts.csv").write_text("week,region,mode,hours\n1,region_1,phone,1\n")
    path.write_text("name: x\ncontact_log: {file: contact.csv}\nregions: {network: {file: t.csv}}")
    assert refusal(path) == (
        f"{path}:2:21: contact_log.file: {tmp_path / 'contact.csv'}: there is no such file; "
        "did you mean 'contacts.csv'?\n"
        f"{path}:3:27: regions.network.file: {tmp_path / 't.csv'}: there is no such file"
    )


def test_text_without_a_folder_names_no_files() -> None:
    text = "contact_log: {file: /etc/passwd}\nregions: {network: {file: /etc/passwd}}"
    why = "other files are not read here; write their content into the scenario"
    assert after_name(text) == [
        f"f.yaml:2:21: contact_log.file: {why}",
        f"f.yaml:3:27: regions.network.file: {why}",
    ]


def test_mistakes_of_all_files_together(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    log, team = tmp_path / "log.csv", tmp_path / "team.csv"
    log.write_text("week,region,mode,hours\n1,region_9,phone,1\n")
    team.write_text("ann,\n")
    path.write_text(
        "name: x\nregions: {network: {file: team.csv}}\ncontact_log: {file: log.csv}\nseed: y\n"
    )
    assert refusal(path).splitlines() == [
        f"{path}:4:7: seed: 'y' is not a number; allowed: whole numbers 0..9223372036854775807",
        f"{team}:1: 'ann' is not a pair of names, such as: ann,bob",
        f"{log}:2: region: 'region_9' is not a region; allowed: region_1, region_2, region_3; "
        "did you mean 'region_3'?",
    ]


def test_dates_need_a_start_date(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    (tmp_path / "log.csv").write_text("date,region,mode,hours\n2020-01-06,region_1,phone,1\n")
    path.write_text("name: x\ncontact_log:\n  file: log.csv\n")
    assert refusal(path) == (
        f"{path}:1:1: start_date: is required, because the log gives dates; "
        "allowed: yyyy-mm-dd, such as 2016-11-01"
    )


def test_team_file_with_other_people_than_staff(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    (tmp_path / "team.csv").write_text("ann,bob\n")
    path.write_text(
        "name: x\nregions:\n  count: 2\n  staff: 2\n  network: {file: team.csv}\n"
        "  overrides: {region_2: {staff: 3}}\n"
    )
    assert refusal(path) == (
        f"{path}:5:12: regions.network: the team has 2 people, but region_2 has 3 staff; "
        "allowed: 3 people, or staff: 2"
    )


@pytest.mark.parametrize("names", ["scenario: source", "scenarios: [source, light_touch]"])
def test_a_study_is_told_from_a_scenario(names: str) -> None:
    assert messages(f"name: x\nkind: plan\n{names}\nbudget: {{money: 1}}\n") == [
        "f.yaml:2:7: kind: makes this a study, not a scenario; allowed: codose plan f.yaml"
    ]
    assert len(messages("name: x\nkind: plan\nbudget: {money: 1}\n")) == 2, "no study either"
