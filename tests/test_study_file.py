"""The header that all study files share: what it reads, and what it says about mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim import studies
from sim.studies.kind import StudyKind
from sim.studies.sensitivity.design import design_of
from sim.studies.spec import (
    StudyError,
    StudyHeader,
    beside,
    find_study,
    kind_of,
    parse_study,
    read_study,
    shipped_studies,
)

GOOD = "kind: sensitivity\nscenario: source\noutcomes: [trust]\n"


def message(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse_study(text, StudyHeader)
    return str(caught.value)


def test_defaults_and_weeks() -> None:
    study = parse_study(GOOD + "weeks: [start, 13, end_of_ta, year_after, horizon]\n", StudyHeader)
    assert study.points(study.scenario) == {
        "start": 0, "week_13": 13, "end_of_ta": 104, "year_after": 156, "horizon": 156,
    }  # fmt: skip
    assert (study.header.samples, study.header.replicates, study.header.seed) == (512, 10, 1)


def test_outcome_forms() -> None:
    text = (
        "kind: plan\nscenario: source\noutcomes: [trust, persistence of trust, effect on trust]\n"
    )
    study = parse_study(text, StudyHeader)
    assert [one.form for one in study.outcomes] == ["value", "persistence", "effect"]
    assert {one.outcome for one in study.outcomes} == {"trust"}


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    text = message(
        "kind: sensitivty\nscenario: sorce\noutcomes: [trst]\nweeks: [enf_of_ta]\n"
        "replicates: 0\nsampels: 12\ntime_limit_minutes: 0\n"
    )
    lines = text.splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "2", "3", "4", "5", "6", "7"]
    for wanted in ("sensitivity", "source", "trust", "end_of_ta", "samples"):
        assert f"did you mean '{wanted}'?" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: plan\n", "scenario: is required"),
        (GOOD + "scenarios: [source]\n", "is given besides 'scenario'"),
        (GOOD + "weeks: [200]\n", "week_200 is past the horizon of 'Source case"),
        (GOOD + "weeks: []\n", "weeks: is empty"),
        (
            GOOD + "factors: [trust_step, dosage[0].hours]\n",
            "allowed: a name with brackets in quotes, as 'dosage[0].hours'",
        ),
        (
            GOOD + "factors: {dosage[1].every_weeks: {uniform: [1, 4]}}\n",
            "allowed: a name with brackets in quotes, as 'dosage[1].every_weeks'",
        ),
        (
            "kind: plan\nscenario: no_ta\noutcomes: [effect on trust]\n",
            "has no TA to have an eff",
        ),
        (
            "kind: plan\nscenario: classroom\noutcomes: [persistence of trust]\n",
            "a year after the end of TA",
        ),
        ("kind: plan\nscenario: source\noutcomes: [trust, trust]\n", "asked for twice"),
        (GOOD + "kind: plan\n", "kind"),
        ("[]", "a study must be a mapping"),
    ],
)
def test_a_mistake_has_its_message(text: str, words: str) -> None:
    assert words in message(text)


def test_mistakes_inside_a_scenario_keep_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: x\nregions: {staff: -3}\n")
    (tmp_path / "study.yaml").write_text("kind: plan\nscenario: mine.yaml\n")
    with pytest.raises(StudyError) as caught:
        read_study(tmp_path / "study.yaml", StudyHeader)
    assert f"{tmp_path / 'mine.yaml'}:2:18: regions.staff" in str(caught.value)


def test_a_scenario_beside_the_study_is_found(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    (tmp_path / "study.yaml").write_text("kind: plan\nscenario: ./mine.yaml\n")
    assert read_study(tmp_path / "study.yaml", StudyHeader).scenario.name == "mine"


def test_unknown_study_suggests() -> None:
    with pytest.raises(StudyError, match="did you mean 'screen'"):
        find_study("scren")


def test_kind_comes_before_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("kind: laddr\nnonsense: [\n]\n")
    with pytest.raises(
        StudyError, match=r"s.yaml:1:7: kind: 'laddr' is not .*did you mean 'ladder'"
    ):
        kind_of(path)


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_are_sound(name: str) -> None:
    """Each can be read, says what it is about to do, and names the schema of its kind."""
    path = find_study(name)
    kind = kind_of(path)
    assert StudyKind.of(kind).line(StudyKind.of(kind).read(name))
    assert path.read_text().startswith(f"# yaml-language-server: $schema={kind}.schema.json\n")


@pytest.mark.parametrize(
    "kind", [name for name in studies.names() if StudyKind.of(name).argument == "study"]
)
def test_schemas_beside_the_studies_are_current(kind: str) -> None:
    """``codose schema --kind NAME --out experiments/NAME.schema.json --force`` writes them."""
    path = find_study("sobol").with_name(f"{kind}.schema.json")
    assert json.loads(path.read_text()) == StudyKind.of(kind).schema


def test_sobol_has_the_size_it_was_planned_with() -> None:
    sensitivity = StudyKind.of("sensitivity")
    design = design_of(sensitivity.read("sobol"))
    header = design.study.header
    points = header.samples * (len(header.factors) + 1 + 2)  # A, B, and one a factor and the dummy
    assert (design.points, design.runs) == (points, points * header.replicates)
    assert design.runs <= 250_000, "minutes on two cores"
    with_pairs = design_of(sensitivity.read("interactions"))
    header = with_pairs.study.header
    assert with_pairs.points == header.samples * (2 * (len(header.factors) + 1) + 2)
    assert len(design.space.factors) == len(header.factors) + 1


def test_a_path_beside_a_study_is_said_as_it_looks_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "mine.csv").write_text("a\n")
    monkeypatch.chdir(tmp_path)
    assert beside("../mine.csv", tmp_path / "studies") == Path("mine.csv")
    assert beside("../lost.csv", tmp_path / "studies") == Path("lost.csv")
    assert beside("x.csv", tmp_path.parent / "b") == tmp_path.parent / "b" / "x.csv"
    away = tmp_path / "away" / "deep"
    away.mkdir(parents=True)
    (tmp_path / "away" / "other.csv").write_text("a\n")
    (tmp_path / "link").symlink_to(away)
    assert beside("../other.csv", tmp_path / "link").exists(), "not ./other.csv, which is not there"
