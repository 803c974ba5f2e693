"""A centre's own numbers: surveys, tests and counts from tables of any ordinary form."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.core.errors import InputError
from sim.scenario.loading import document_of, parse
from sim.studies import observed
from sim.studies.observed_import import log_findings
from sim.studies.survey_import import SurveyImport, import_survey, observations, to_yaml
from sim.studies.survey_map import answer, read_map
from sim.tables_in.questions import OpenQuestions
from tests.cases import codose
from tests.strategies import examples


def written(tmp_path: Path, text: str, name: str = "s.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def read(tmp_path: Path, text: str, **fields: Any) -> SurveyImport:
    return import_survey(written(tmp_path, text), **fields)


def numbers(found: SurveyImport) -> dict[str, tuple[Any, ...]]:
    """What the findings say, whatever the table looked like."""
    keys = ("value", "sd", "n", "low", "high", "measures", "use", "unit")
    return {one["id"]: tuple(one.get(key) for key in keys) for one in found.findings}


# --- what is read --------------------------------------------------------------------------------


def test_answers_of_one_person_count_once(tmp_path: Path) -> None:
    rows = ["item,wave,answer,person"] + ["trust,start,5,a"] * 4 + ["trust,start,2,b"] * 4
    (one,) = read(tmp_path, "\n".join(rows)).findings
    assert (one["value"], one["n"]) == (3.5, 2)
    assert one["sd"] == pytest.approx(statistics.stdev([5, 2]), abs=1e-6)


def test_without_a_column_of_people_it_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "item,wave,answer\ntrust,52,5\ntrust,52,4\ntrust,52,3\n")
    (one,) = found.findings
    assert (one["value"], one["sd"], one["n"]) == (4.0, 1.0, 3)
    assert "each answer counts as a person" in " ".join(found.remarks)


def test_a_change_of_the_same_people_has_the_spread_of_their_changes(tmp_path: Path) -> None:
    """Everybody answers differently and moves nearly alike: the change is sure, the levels not."""
    before, after = [1, 2, 3, 4], [2, 3, 4, 4]
    rows = ["item,wave,answer,person"]
    rows += [f"trust,start,{x},{i}" for i, x in enumerate(before)]
    rows += [f"trust,52,{x},{i}" for i, x in enumerate(after)]
    found = {one["id"]: one for one in read(tmp_path, "\n".join(rows)).findings}
    change = found["own_trust_start_to_52"]
    moves = [b - a for a, b in zip(before, after, strict=True)]
    assert change["value"] == statistics.fmean(moves)
    assert change["sd"] == pytest.approx(statistics.stdev(moves))
    assert change["sd"] < found["own_trust_start"]["sd"]
    assert change["measures"] == "change of survey of trust from start to 52"


def test_a_change_of_means_adds_the_errors(tmp_path: Path) -> None:
    text = "item,wave,mean,sd,n\nknowledge,start,3.1,0.6,30\nknowledge,52,3.6,0.8,25\n"
    content = read(tmp_path, text).content
    change = observed.file_of(document_of(content)).findings[-1]
    assert change.value == pytest.approx(0.5)
    first, last = (0.6 / 30**0.5 * students(30), 0.8 / 25**0.5 * students(25))
    assert change.sds()[0] == pytest.approx(math.hypot(first, last), rel=1e-4)


def students(n: int) -> float:
    """How much wider Student's 95 % interval of a mean of n people is than the normal one."""
    return float(stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975))


def test_one_person_has_no_sd(tmp_path: Path) -> None:
    for error in ("sd", "se"):
        with pytest.raises(InputError, match=r"n: is 1: one person has no SD.*2 or more"):
            read(tmp_path, f"item,wave,mean,{error},n\ntrust,52,3,0.5,1\n")


def test_a_share_needs_only_its_n(tmp_path: Path) -> None:
    """Of 0 of 20 too: Wilson's interval, whose upper end is z^2 / (n + z^2)."""
    found = read(tmp_path, "item,wave,mean,n\nattendance,52,80 %,100\nresponse,52,0,20\n")
    by = {one["id"]: one for one in found.findings}
    assert by["own_attendance_52"]["value"] == pytest.approx(0.8)
    assert by["own_attendance_52"]["measures"] == "attendance at 52"
    z = 1.959964**2
    assert by["own_response_52"]["high"] == pytest.approx(z / (20 + z), abs=1e-6)
    observed.file_of(document_of(found.content))


def test_a_number_with_its_word_is_that_number_and_other_words_are_not_dropped(
    tmp_path: Path,
) -> None:
    fields: dict[str, Any] = {
        "columns": {"person": "id"}, "items": {"trust": ["q"]}, "scale": [1, 5],
        "waves": {"all": "start"},
    }  # fmt: skip
    found = read(tmp_path, "id,q\n1,5 - Strongly agree\n2,4. Agree\n3,3 (neutral)\n", **fields)
    assert (found.findings[0]["value"], found.findings[0]["n"]) == (4, 3)
    for text in ("Content", "4-5", "2 - 3 times"):
        with pytest.raises(InputError) as caught:
            read(tmp_path, f"id,q\n1,{text}\n2,4\n3,5\n", **fields)
        assert f"labels: {{{text}: NUMBER}} or missing: [{text}] in --map" in str(caught.value)


def test_people_who_are_there_twice_are_said(tmp_path: Path) -> None:
    text = "id,when,q\nA1,start,4\nA1,start,2\nB2,start,5\na1,26,3\nB2,26,4\nC3,26,5\n"
    found = read(
        tmp_path, text, columns={"person": "id", "wave": "when"}, items={"trust": ["q"]},
        scale=[1, 5],
    )  # fmt: skip
    assert found.findings[0]["value"] == 4  # of 3 and 5
    assert found.remarks == (
        "people with more than one row in a wave count once, with the mean of their answers (line "
        "3)",
        "'A1' and 'a1' are people of their own: one, written in two ways?",
    )


@pytest.mark.parametrize(("real", "preview"), [("IP Address", "Survey Preview"), ("0", "1")])
def test_previews_of_a_qualtrics_survey_are_no_answers(
    tmp_path: Path, real: str, preview: str
) -> None:
    text = (
        "Status,ResponseId,trust\nResponse Type,Response ID,Do you trust them?\n"
        '"{""ImportId"":""a""}","{""ImportId"":""b""}","{""ImportId"":""c""}"\n'
        f"{real},R_1,1\n{preview},R_2,5\n{real},R_3,3\n"
    )
    found = read(tmp_path, text, scale=[1, 5], waves={"all": "start"})
    (one,) = found.findings
    assert (one["value"], one["n"]) == (2, 2)
    assert f"1 row that no respondent wrote ({preview}) left out" in found.said
    again = import_survey(tmp_path / "s.csv", found.fields)
    assert again.findings == found.findings


def test_qualtrics_writes_three_heads_and_words(tmp_path: Path) -> None:
    text = (
        "StartDate,ResponseId,Q1_1,Q1_2\n"
        "Start Date,Response ID,My provider listens,My provider is hard to reach\n"
        '"{""ImportId"":""a""}","{""ImportId"":""b""}","{""ImportId"":""c""}","{""ImportId"":""d""}"\n'
        "2025-01-20 10:00:00,R_1,Strongly agree,Disagree\n"
        "2025-01-20 10:00:00,R_2,Agree,Neither agree nor disagree\n"
        "2025-01-20 10:00:00,R_3,Disagree,-99\n"
    )
    found = read(
        tmp_path, text, items={"trust": ["Q1_1", "Q1_2"]}, reversed=["Q1_2"],
        columns={"person": "ResponseId", "wave": "StartDate"}, first_date="2025-01-01",
    )  # fmt: skip
    (one,) = found.findings
    # 5 and 6 - 2 = 4; 4 and 3; 2 alone: people 4.5, 3.5, 2; 20 January is in week 3
    assert one["measures"] == "survey of trust at 3"
    assert (one["value"], one["n"]) == (pytest.approx(10 / 3, abs=1e-6), 3)
    assert "heads of Qualtrics" in " ".join(found.said)
    assert "1 -99" in " ".join(found.said)


def test_waves_in_columns(tmp_path: Path) -> None:
    text = "id,trust_pre,trust_post\n1,2,3\n2,3,5\n3,4,4\n"
    items = {"trust": {"start": "trust_pre", "52": "trust_post"}}
    found = read(tmp_path, text, items=items, scale=[1, 5])
    assert [one["id"] for one in found.findings][-1] == "own_trust_start_to_52"
    assert found.findings[-1]["n"] == 3


def test_a_frame_is_a_table() -> None:
    frame = pd.DataFrame(
        {"item": ["trust", "trust"], "wave": [0, 52], "mean": [3.9, 4.25], "sd": [0.7, None],
         "se": [None, 0.15], "n": [21, 16]}
    )  # fmt: skip
    found = {one["id"]: one for one in import_survey(frame).findings}
    assert found["own_trust_52"]["sd"] == pytest.approx(0.15 * 4)
    with pytest.raises(InputError, match=r"data:2: mean: '9' is outside the scale"):
        import_survey(frame.assign(mean=[3.0, 9.0]))


def test_a_map_beside_a_table_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, "who,when,Q7\n1,pre,2\n2,pre,7\n3,pre,4\n")
    written(
        tmp_path,
        "columns: {person: who, wave: when}\nitems: {trust: Q7}\nscale: [1, 7]\n"
        "waves: {pre: start}\n",
        "s.map.yaml",
    )
    (one,) = observations(path)["findings"]
    assert one["value"] == pytest.approx(1 + 4 * (13 / 3 - 1) / 6, abs=1e-6)


def test_a_log_is_summed(tmp_path: Path) -> None:
    text = (
        "week,region,mode,hours,status\n1,a,onsite,4,held\n8,a,video,2,held\n"
        "26,a,video,2,region_cancelled\n"
    )
    found = {one["id"]: one for one in log_findings(written(tmp_path, text))}
    months = 6
    assert found["own_contacts"]["value"] == pytest.approx(2 / months, abs=1e-6)
    assert found["own_hours"]["value"] == pytest.approx(6 / months, abs=1e-6)
    assert found["own_remote"]["value"] == pytest.approx(2 / 6, abs=1e-6)
    lost = found["own_cancelled_by_region"]
    assert lost["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert lost["measures"] == "contacts_failed_by_region per contacts_planned at 26"


# --- the same survey, however it is written ------------------------------------------------------

PEOPLE = st.lists(
    st.tuples(*[st.integers(1, 5) for _ in range(4)]), min_size=4, max_size=7, unique=True
)
LABELLED = {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always"}


def table_text(head: list[str], rows: list[list[Any]], separator: str, comma: bool) -> str:
    """As somebody's spreadsheet would save it."""
    into = io.StringIO()
    out = csv.writer(into, delimiter=separator, lineterminator="\n")
    out.writerow(head)
    for row in rows:
        texts = [f"{x}" for x in row]
        out.writerow([t.replace(".", ",") if comma else t for t in texts])
    return into.getvalue()


@given(
    PEOPLE,
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
@settings(max_examples=examples(25), deadline=None)
def test_a_survey_is_the_same_in_every_form(
    tmp_path_factory: pytest.TempPathFactory,
    people: list[tuple[int, ...]],
    separator: str,
    encoding: str,
    ends: str,
) -> None:
    """Two items of trust in two waves: a row an answer, a row a person, waves in columns, words,
    turned items, other scales."""
    folder = tmp_path_factory.mktemp("forms")
    answers = [
        (f"p{i}", wave, item, row[2 * w + k])
        for i, row in enumerate(people)
        for w, wave in enumerate(("start", "52"))
        for k, item in enumerate(("trust_1", "trust_2"))
    ]
    by_person = [
        [f"p{i}", wave, row[2 * w], row[2 * w + 1]]
        for w, wave in enumerate(("start", "52"))
        for i, row in enumerate(people)
    ]
    items = {"trust": ["trust_1", "trust_2"]}

    def form(head: list[str], rows: list[list[Any]], **fields: Any) -> dict[str, Any]:
        text = table_text(head, rows, separator, False).replace("\n", ends)
        return numbers(import_survey(written(folder, text, encoding=encoding), **fields))

    long = form(["person", "wave", "item", "answer"], [list(a) for a in answers], items=items)
    wide = ["id", "time", "trust_1", "trust_2"]
    forms = {
        "wide": form(wide, by_person, scale=[1, 5]),
        "seven": form(
            wide, [[*r[:2], *(1 + (x - 1) * 1.5 for x in r[2:])] for r in by_person], scale=[1, 7]
        ),
        "nought": form(wide, [[*r[:2], *(x - 1 for x in r[2:])] for r in by_person], scale="0-4"),
        "turned": form(
            wide, [[*r[:3], 6 - r[3]] for r in by_person], scale=[1, 5], reversed=["trust_2"]
        ),
        "words": form(
            wide, [[*r[:2], *(LABELLED[x] for x in r[2:])] for r in by_person],
            labels={word: x for x, word in LABELLED.items()},
        ),
        "columns": form(
            ["id", "a1", "a2", "b1", "b2"], [[f"p{i}", *row] for i, row in enumerate(people)],
            items={"trust": {"start": ["a1", "a2"], "52": ["b1", "b2"]}}, scale=[1, 5],
        ),
        "waves": form(
            wide, [[r[0], {"start": "pre", "52": "2025-12-28"}[r[1]], *r[2:]] for r in by_person],
            scale=[1, 5], waves={"pre": "start"}, first_date="2025-01-01",
        ),
    }  # fmt: skip
    assert long
    for name, found in forms.items():
        assert found.keys() == long.keys(), name
        for key, row in found.items():
            assert row == pytest.approx(long[key], abs=2e-6), name


@given(
    st.floats(1.5, 4.5), st.floats(0.2, 1.0), st.integers(5, 400),
    st.sampled_from([",", ";", "\t"]), st.booleans(),
)  # fmt: skip
@settings(max_examples=examples(25), deadline=None)
def test_a_mean_is_the_same_with_each_kind_of_error(
    tmp_path_factory: pytest.TempPathFactory,
    mean: float,
    sd: float,
    n: int,
    separator: str,
    comma: bool,
) -> None:
    comma = comma and separator != ","
    folder = tmp_path_factory.mktemp("errors")
    mean, sd = round(mean, 3), round(sd, 3)
    error = sd / math.sqrt(n)
    z = statistics.NormalDist().inv_cdf(0.975)
    tails: dict[str, tuple[list[str], list[Any]]] = {
        "sd": (["sd", "n"], [sd, n]),
        "se": (["SE", "N"], [error, n]),
        "interval": (["ci_low", "ci_high", "n"], [mean - z * error, mean + z * error, n]),
    }
    found = {}
    for name, (head, row) in tails.items():
        text = table_text(["item", "wave", "Mean", *head], [["trust", "start", mean, *row]],
                          separator, comma)  # fmt: skip
        content = import_survey(written(folder, text)).content
        (one,) = observed.file_of(document_of(content)).findings
        found[name] = (one.value, *one.sds())
    wide = error * students(n)  # an interval is taken as it is given
    for name, numbers_of in found.items():
        sd = error if name == "interval" else wide
        assert numbers_of == pytest.approx((mean, sd, sd), abs=5e-6)


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4))
@settings(max_examples=examples(40), deadline=None)
def test_what_is_written_is_read_back(names: list[str]) -> None:
    """Whatever people call their items: ids are valid and unique, and the file says the same."""
    rows = [(name, "start", 3.0, 0.5, 10) for name in names]
    frame = pd.DataFrame(rows, columns=["item", "wave", "mean", "sd", "n"])
    said = {" ".join(name.split()) for name in names}
    assume("" not in said and len(said) == len(names))
    content = import_survey(frame).content
    back = observed.file_of(parse(to_yaml(content)))
    assert len({one.id for one in back.findings}) == len(content["findings"])
    assert [one.value for one in back.findings] == [3.0] * len(back.findings)


# --- what is refused, asked and remarked ---------------------------------------------------------

SUMMARY = "item,wave,mean,sd,n\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,wave,answer\ntrust,52,6\n", r"s.csv:2: answer: '6' is outside the scale.*1..5"),
        ("item,wave,answer\ntrust,52,x\n", "'x' is not an answer; allowed: 1..5.*missing: "),
        ("item,wave,answer\ntrust,52,5\n", "one answer has no SD"),
        ("item,wave,answer\ntrust,52,5\ntrust,52,5\n", "everybody answered the same"),
        (SUMMARY + "trust,52,4,.5,0\n", r"s.csv:2: n: '0' is out of range"),
        (SUMMARY + "trust,52,4,.5,2.5\n", r"n: 2.5 is not a whole number"),
        (SUMMARY + "trust,52,4,,9\n", r"s.csv:2: sd: is missing"),
        (SUMMARY + "trust,52,4,.5,\n", r"s.csv:2: n: is missing"),
        (SUMMARY + "trust,52,4,0,9\n", "the SD is zero"),
        (SUMMARY + "trust,end_ta,4,1,9\n", "did you mean 'end_of_ta'"),
        (SUMMARY + "trust,99999,4,1,9\n", "Which week is '99999'"),
        (SUMMARY + "trust,²,4,1,9\n", "Which week is '²'"),
        (SUMMARY + "trust,52,4,1,9\nTrust,week 52,4,1,9\n", r"s.csv:3: item: .*twice.*line 2"),
        (SUMMARY + "trust,52,nan,1,9\n", "'nan' is not a number"),
        (SUMMARY + "trust,52,1_0,1,9\n", "'1_0' is not a number"),
        (SUMMARY + ",52,4,1,9\n", "s.csv:2: item: is missing"),
        (SUMMARY + "trust,,4,1,9\n", "s.csv:2: wave: is missing"),
        ("item,wave,mean\ntrust,52,4\n", "the error of the means is missing; allowed: a column sd"),
        ("item,wave,mean,sd\ntrust,52,4,1\n", "a column sd needs a column n"),
        ("item,wave,mean,low,high\ntrust,52,4,4.1,4.5\n", r"the mean 4 is not within 4.1..4.5"),
        ("item,wave,mean,mean,sd,n\ntrust,52,4,1,1,9\n", "mean"),
        ("itm,wave,answer\ntrust,52,5\n", "lacks the column 'item'.*did you mean 'itm'"),
        ("item,wave,answer\n", "holds no rows"),
        ("item,wave,answer,person\ntrust,52,5,\n", "person: is missing"),
        ("item,wave,change,since,sd,n\ntrust,52,.4,52,1,9\n", "a change of trust from 52 to it"),
        (
            "item,wave,change,since,sd,n\ntrust,26,.4,52,1,9\n",
            r"s.csv:2: since: .* from 52 back to 26; .*did you mean '26 to 52'",
        ),
        ("item,wave,change,sd,n\ntrust,start,.4,1,9\n", "from start to itself; allowed: a week be"),
        ("item,wave,mean,n\nattendance,52,85,40\n", r"'85' is outside.*0\.\.1, such as 0\.85"),
        ("item,wave,mean,n\nattendance,52,.85,\n", r"s.csv:2: n: is missing; allowed: n, of how"),
        (SUMMARY + "knowledge test,52,52,12,40\n", r"0\.\.1 \(items: \{knowledge.* in --map"),
        (
            "arm,item,wave,mean,sd,n\nTA,trust,52,4,1,9\nno TA,trust,52,3,1,9\n",
            r"s.csv:3: item: .*one row for each item and wave.*not read: arm\)",
        ),
        (
            "item,wave,answer\n" + "trust,52,9\n" * 500,
            r"outside the scale \(500 such values, lines 2-501\)",
        ),
    ],
)
def test_bad_surveys_say_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, text)
    assert len(caught.value.problems) <= 3, "like mistakes are one"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scale": [5, 1]}, "scale: .* is not a scale; allowed: lowest and highest"),
        ({"waves": {"pre": "strt"}}, "did you mean 'start'"),
        ({"columns": {"persn": "a"}}, "did you mean 'person'"),
        ({"columns": {"item": "itm", "wave": "wave", "answer": "answer"}}, "did you mean 'item'"),
        ({"scal": [1, 7]}, "did you mean 'scale'"),
        ({"items": {"trust": {"of": "a", "scle": [1, 7]}}}, "did you mean 'scale'"),
        ({"first_date": "1/2/2025"}, "is not a date"),
    ],
)
def test_bad_maps_say_what_to_write(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, "item,wave,answer\ntrust,52,5\n", **fields)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("id,trust_1,trust_2\n1,4,2\n2,3,1\n", {"scale", "waves.all"}),
        ("id,event,Q1\n1,baseline_arm_1,4\n", {"items", "waves.baseline_arm_1"}),
        ("id,date,trust\n1,3/4/2025,4\n", {"scale", "first_date", "date_order"}),
        ("id,wave,trust\n1,52,Agree\n2,52,Disagree\n",
         {"labels.agree", "labels.disagree", "scale"}),
    ],
)  # fmt: skip
def test_what_nobody_else_can_know_is_asked(tmp_path: Path, text: str, asked: set[str]) -> None:
    with pytest.raises(OpenQuestions) as caught:
        read(tmp_path, text)
    assert {".".join(map(str, one.where)) for one in caught.value.questions} == asked


def test_days_of_waves_are_weeks_and_a_month_is_asked(tmp_path: Path) -> None:
    waves = ("6-Jan-25", "Tue, 14 Sept 2025")
    rows = "".join(f'trust,"{wave}",{mean},1,9\n' for wave, mean in zip(waves, (3, 4), strict=True))
    found = numbers(read(tmp_path, SUMMARY + rows, first_date="2025-01-06"))
    assert found["own_trust_1"][0] == 3
    assert found["own_trust_36"][0] == 4
    with pytest.raises(OpenQuestions) as caught:
        read(tmp_path, SUMMARY + "trust,March 2025,3,1,9\ntrust,Sep-25,4,1,9\n")
    assert [one.where for one in caught.value.questions] == [
        ("waves", "March 2025"), ("waves", "Sep-25"),
    ]  # fmt: skip


def test_a_log_is_a_log_whatever_its_capitals(tmp_path: Path) -> None:
    path = written(tmp_path, "Week,Region,Mode,Hours\n1,north,video,1\n2,south,phone,1\n")
    ran = codose("observed", "import", path)
    assert ran.exit_code == 0, ran.stderr
    assert "contacts_held a region-month" in (path.parent / f"{path.stem}.yaml").read_text()
    path.write_text("Date,Region,Mode,Hours\n14-Jan-25,north,video,1\n")
    ran = codose("observed", "import", path, "--first-date", "2025-01-06", "--force")
    assert ran.exit_code == 2
    assert f"'codose import log {path.name}' reads such dates" in ran.stderr.replace("\n", " ")


def test_a_question_on_a_wave_says_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(OpenQuestions, match=r"Which week is 'T2' \(lines 3-4\)\?"):
        read(tmp_path, SUMMARY + "trust,start,4,1,9\ntrust,T2,4,1,9\nknowledge,T2,4,1,9\n")


def test_answers_close_the_questions(tmp_path: Path) -> None:
    path = written(tmp_path, "id,event,trust\n1,pre,4\n2,pre,3\n")
    with pytest.raises(OpenQuestions) as caught:
        import_survey(path)
    data, questions = caught.value.data, caught.value.questions
    with pytest.raises(ValueError, match="is not a week"):
        answer(data, questions[-1], "later")
    for question in questions:
        answer(data, question, {"scale": "[1, 5]"}.get(str(question.where[0]), ""))
    assert numbers(import_survey(path, data))["own_trust_start"][0] == 3.5


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (SUMMARY + "trust,start,4.8,3.5,21\n", "an SD of 3.5 is impossible .* the most is 0.89"),
        (SUMMARY + "trst,start,4,.5,21\n", "did you mean 'trust'"),
        ("item,wave,answer,person\n" + "".join(f"trust,52,{1 + i % 2},{i}\n" for i in range(30)),
         "no answer of 30 is above 2 on a scale of 1-5"),
        ("item,wave,answer,person\ntrust,52,4,a\ntrust,52,3,b\ntrust,9,3,a\n",
         "trust, 9: one answer has no SD; only listed"),
        (SUMMARY + "trust,start,4,.5,21\ntrust,52,,.6,19\n",
         r"rows without a mean are left out \(line 3\)"),
    ],
)  # fmt: skip
def test_what_is_odd_is_remarked(tmp_path: Path, text: str, remark: str) -> None:
    import re

    found = read(tmp_path, text)
    assert re.search(remark, " ".join(found.remarks)), found.remarks
    observed.file_of(parse(to_yaml(found.content)))


# --- the command ---------------------------------------------------------------------------------


def test_the_command_asks_once_and_keeps_the_map(tmp_path: Path) -> None:
    path = written(tmp_path, "id,event,trust\n1,pre,4\n2,pre,3\n1,post,5\n2,post,5\n3,post,3\n")
    ran = codose("import", "survey", path)
    assert ran.exit_code == 2
    assert not path.with_suffix(".yaml").exists()
    kept = tmp_path / "s.map.yaml"
    assert "scale" not in read_map(kept), "what is open is not an answer"
    text = kept.read_text(encoding="utf-8")
    text = text.replace("scale: '?'", "scale: [1, 5]").replace("pre: '?'", "pre: start")
    kept.write_text(text.replace("post: '?'", "post: 52"), encoding="utf-8")
    ran = codose("import", "survey", path, "--map", kept)
    assert ran.exit_code == 0, ran.stderr
    ids = [one.id for one in observed.read_observed(tmp_path / "s.yaml")]
    assert ids == ["own_trust_start", "own_trust_52", "own_trust_start_to_52"]
    assert codose("import", "survey", path, "--map", kept).exit_code == 2, "it exists"


def test_the_old_name_of_the_command_does_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, SUMMARY + "trust,start,3.9,.7,21\n")
    for words, out in ((("observed", "import"), "a.yaml"), (("import", "survey"), "b.yaml")):
        ran = codose(*words, path, "--cite", "Ours", "--out", tmp_path / out)
        assert ran.exit_code == 0, ran.stderr
    a, b = ((tmp_path / name).read_text(encoding="utf-8") for name in ("a.yaml", "b.yaml"))
    assert a == b
    assert yaml.safe_load(a)["source"]["cite"] == "Ours"
    assert not (tmp_path / "s.map.yaml").exists(), "its own form needs no map"


def test_editors_get_the_schema_of_maps() -> None:
    ran = codose("schema", "--kind", "survey-map")
    assert ran.exit_code == 0, ran.stderr
    fields = json.loads(ran.stdout)["properties"]
    assert {"columns", "items", "scale", "waves"} <= fields.keys()
    assert all("description" in one or "$ref" in str(one) for one in fields.values())


def test_nothing_is_written_where_something_is_wrong(tmp_path: Path) -> None:
    path = written(tmp_path, SUMMARY + "trust,start,9,.7,21\n")
    ran = codose("import", "survey", path)
    assert ran.exit_code == 2
    assert "outside the scale" in " ".join(ran.stderr.split())
    assert [one.name for one in tmp_path.iterdir()] == ["s.csv"]


def test_a_sheet_is_read_like_a_text(tmp_path: Path) -> None:
    """Below a title, with dates that Excel keeps as dates."""
    from datetime import date

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    rows = [["Our survey", None, None], [], ["id", "date", "trust"],
            [1, date(2025, 1, 8), 4], [2, date(2025, 1, 9), 2.5]]  # fmt: skip
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "s.xlsx")
    found = import_survey(tmp_path / "s.xlsx", scale=[1, 5], first_date="2025-01-06")
    (one,) = found.findings
    assert (one["value"], one["n"]) == (3.25, 2)
    assert one["measures"] == "survey of trust at 1"
    assert one["where"] == "s.xlsx, rows 4-5"


HEADS = (
    "item,wave,mean,sd,n", "item,wave,answer,person", "id,event,trust_1,knowledge",
    "item,since,wave,change,se", "item,item,wave,low,high,mean",
)  # fmt: skip
CELLS = st.sampled_from(
    ["trust", "knowledge test", "attendance", "start", "52", "4", "0", "-99", "nan", "1e308", "1_0",
     "²", "٣", '"', "=1+1", "\u0085", "3,5", "50 %", "99999", "Agree", "2025-13-40", "a" * 300, ""]
)  # fmt: skip
MAPS: tuple[dict[str, Any], ...] = (
    {}, {"scale": [1, 7]}, {"scale": [-1e308, 1e308]}, {"waves": {"all": 52}}, {"head": 0},
    {"items": {"trust": "trust_1"}, "scale": "0-10"}, {"skip_rows": 3}, {"decimal": "comma"},
    {"columns": {"item": "item", "wave": "wave", "mean": "sd"}}, {"first_date": "2025-01-01"},
)  # fmt: skip


@given(
    st.sampled_from(HEADS),
    st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=5),
    st.sampled_from(MAPS),
)
@settings(max_examples=examples(150), deadline=None)
def test_any_table_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    head: str,
    rows: list[list[str]],
    fields: dict[str, Any],
) -> None:
    """Nothing else comes out, and what is read can be read back."""
    text = "\n".join([head, *(",".join(row) for row in rows)])
    path = written(tmp_path_factory.mktemp("any"), text)
    try:
        content = import_survey(path, **fields).content
    except InputError:
        return
    assert observed.file_of(parse(to_yaml(content))).findings
