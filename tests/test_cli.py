"""The command line keeps its promises: exit codes, messages, nothing lost, nothing overwritten."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from sim import studies
from sim.cli import app, ask, completion, declared, new, shell
from sim.core.errors import CodoseError
from sim.core.outcomes import NAMES
from sim.core.parameters import TABLE
from sim.present.answer import Answer
from sim.present.table import Table
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies import ask as asking
from sim.studies import verify as verifying
from sim.studies.kind import StudyKind
from sim.studies.result import Result
from sim.studies.run.runs import Runs

REPO = Path(__file__).resolve().parents[1]
COMMANDS = (
    "page", "serve", "new", "validate", "run", "compare", "surface", "plan", "calendar", "report",
    "import", "sensitivity", "ladder", "calibrate", "audit", "trials", "patterns", "verify",
    "merge", "scenarios", "examples", "glossary", "parameters", "outcomes", "observed", "odd",
    "schema", "cache", "completion",
)  # fmt: skip
TINY = ("run", "classroom", "--replicates", "2", "--fixed", "--engine", "mesa")
MAIN = f"import sys; sys.path.insert(0, {str(REPO)!r}); from sim.cli import main; main()"


class Ran:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def codose(*words: str | Path, answers: str | None = None) -> Ran:
    """Run a command in this process."""
    done = CliRunner().invoke(app, [str(word) for word in words], input=answers, prog_name="codose")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module", autouse=True)
def plain_surroundings() -> Iterator[None]:
    """No width, colour or debugging that the machine of the tests happens to ask for."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", shell.DEBUG):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """A result folder with figures, and what the run printed."""
    folder = tmp_path_factory.mktemp("cli") / "classroom"
    return folder, codose(*TINY, "--out", folder)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(command: str) -> None:
    ran = codose(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: codose {command} ")
    assert f"    codose {command}" in ran.out
    text = " ".join(ran.out.split())
    assert re.search(r"Exit codes: 0 .* 2 .* 130 interrupted", text)
    assert " 1 " in text


def test_help_lists_every_command_by_what_one_comes_for() -> None:
    ran = codose("--help")
    heads = re.findall(r"^(\S.*):$", ran.out, re.MULTILINE)
    assert heads == ["Plan and teach", "Research", "Look something up"]
    lists = ran.out[ran.out.index("Plan and teach:") :]
    assert tuple(re.findall(r"^  ([a-z]+)  +\S", lists, re.MULTILINE)) == COMMANDS
    assert "..." not in lists, "a command's first sentence is too long"


def test_command_of_no_group_is_listed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {title: names for title, names in shell.GROUPS.items() if title != "Research"}
    monkeypatch.setattr(shell, "GROUPS", groups)
    out = codose("--help").out
    assert "audit" in out[out.index("\nMore:\n") :]


def test_without_a_command_it_greets_with_three_first_steps() -> None:
    ran = codose()
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    steps = re.findall(r"^  To (\w+) +codose (.+)$", ran.out, re.MULTILINE)
    assert [door for door, _ in steps] == ["plan", "research", "teach"]
    group: Any = typer.main.get_command(app)
    root = group.context_class(group, info_name="codose")
    for _, line in steps:  # each is understood as it stands
        name, command, rest = group.resolve_command(root, line.split())
        command.make_context(name, rest, parent=root).close()
    assert "codose --help" in ran.out


def test_the_options_that_help_shows_are_those_of_the_specs() -> None:
    assert declared.FILE.read_text(encoding="utf-8") == declared.text(), "run 'make docs-tables'"


@pytest.mark.parametrize("fault", ["missing", "no JSON", "other kinds", "an edited Spec"])
def test_options_come_from_the_spec_where_the_file_of_all_does_not_fit(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, read = declared.FILE.read_text(encoding="utf-8"), []
    monkeypatch.setattr(declared, "FILE", tmp_path / "declared.json")
    if fault != "missing":
        changed = {"no JSON": text[:-9], "other kinds": text.replace('"audit"', '"fraud"')}
        declared.FILE.write_text(changed.get(fault, text), encoding="utf-8")
    real = declared.from_spec

    def from_spec(name: str) -> declared.Declared:
        read.append(name)
        return real(name)

    monkeypatch.setattr(declared, "from_spec", from_spec)
    if fault == "an edited Spec":
        assert declared.declared("audit") == real("audit")
        assert not read
        edited = tmp_path / "spec.py"
        edited.write_bytes(studies.spec_of("audit").read_bytes() + b"# edited")
        monkeypatch.setattr(studies, "spec_of", lambda name: edited)
    assert declared.declared("audit") == real("audit")
    assert read == ["audit"]


def completed(line: str, patch: pytest.MonkeyPatch) -> list[str]:
    """What the Tab key would offer at the end of a line of bash."""
    patch.setenv("_CODOSE_COMPLETE", "complete_bash")
    patch.setenv("COMP_WORDS", line)
    patch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    completion.begin()
    return codose().out.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("codose ca", ["calendar", "calibrate", "cache"]),
        ("codose run ph", ["phone_only"]),
        ("codose compare source my", ["my_region.yaml"]),
        ("codose run --s", ["--seed", "--sets", "--set", "--shard"]),
        ("codose sensitivity sob", ["sobol"]),
        ("codose import ", ["log", "network", "survey"]),
        ("codose report results/", ["results/first"]),
        ("codose verify res", [f"results{os.sep}"]),
        ("codose nothing --s", []),
    ],
)
def test_tab_completes(
    line: str, offered: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "my_region.yaml").touch()
    (here / "my_notes.txt").touch()
    (here / "results" / "first").mkdir(parents=True)
    (here / "results" / "first" / "manifest.json").touch()
    found = completed(line, monkeypatch)
    assert sorted(found) == sorted(offered)


def test_tab_offers_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("codose ", monkeypatch) == list(COMMANDS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_takes_the_script_of_completion() -> None:
    ran = codose("completion", "bash")
    done = subprocess.run(
        ["bash", "-eu", "-c", f"{ran.out}\ncomplete -p codose"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "codose" in done.stdout


def test_shell_that_is_not_known_is_named() -> None:
    ran = codose("completion", "bsh")
    assert ran.code == 2
    assert ran.err == (
        "SHELL: 'bsh' is not a shell for which completion is known; allowed: bash, zsh, fish, "
        "powershell; "
        "did you mean 'bash'?\n"
    )


def test_a_run_waits_for_nothing_it_does_not_need(tmp_path: Path) -> None:
    """Until the first run is done: loading these takes longer than everything else together."""
    code = (
        "import os, sys\nfrom sim.engine import compiled\nfrom sim.cli import app\n"
        "real = compiled.run_chunk\n"
        "def first(*given, **named):\n"
        "    real(*given, **named)\n"
        "    heavy = {'pandas', 'pyarrow', 'scipy.linalg', 'mesa', 'matplotlib', 'SALib', 'dask'}\n"
        "    print('loaded:', *sorted(heavy & set(sys.modules)), file=sys.stderr, flush=True)\n"
        "    os._exit(0)\n"
        "compiled.run_chunk = first\n"
        "app(sys.argv[1:], prog_name='codose')\n"
    )
    words = ["run", "classroom", "-n", "2", "--fixed", "--no-figures", "--quiet"]
    words += ["--out", str(tmp_path / "o")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=REPO, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "loaded:" in done.stderr.splitlines()


def test_version() -> None:
    assert re.fullmatch(r"codose \d+\.\d+\.\d+\n", codose("--version").out)
    assert codose("-V").out == codose("--version").out


def test_the_package_is_run_as_the_command_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sim", "validate", "nowhere.yaml"],
        cwd=REPO, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "nowhere.yaml: there is no such file\n"


# --- usage errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "source", "--replicates", "0"], "--replicates"),
        (["run", "source", "--replicates", "many"], "--replicates"),
        (["run", "source", "--seed", "-1"], "--seed"),
        (["run", "source", "--nope"], "--nope"),
        (["verify", "x", "--sample", "0"], "--sample"),
    ],
)
def test_a_wrong_option_ends_in_2_and_is_named(words: list[str], said: str) -> None:
    ran = codose(*words)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "sorce"], "did you mean 'source'?"),
        (["run", "nofile.yaml"], "nofile.yaml: there is no such file"),
        (["compare", "nofile.yaml", "source"], "nofile.yaml: there is no such file"),
        (["compare", "source", "classrom"], "did you mean 'classroom'?"),
        (["run", "classroom", "--engine", "mesaa"], "did you mean 'mesa'?"),
        (["run", "classroom", "--seed", str(2**63)], "seed: 9223372036854775808 is out of range"),
        (["parameters", "--role", "fre"], "did you mean 'free'?"),
        (["parameters", "--grade", "Z"], "grade: 'Z' is not a grade"),
        (["verify", "nowhere"], "nowhere: no such folder"),
        (["validate", "nofile.yaml"], "nofile.yaml: there is no such file"),
    ],
)
def test_bad_input_ends_in_2_and_says_what_is_wrong(
    words: list[str], said: str, here: Path
) -> None:
    ran = codose(*words)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""
    assert list(here.iterdir()) == []


# --- validate ----------------------------------------------------------------------------------


def test_validate_lists_every_mistake_of_every_file_with_its_place(here: Path) -> None:
    (here / "one.yaml").write_text(
        "name: a\ndosage:\n  - {mode: vidio, every_weeks: 4, hours: 1}\nhorizon_weeks: -3\n"
    )
    (here / "two.yaml").write_text("name: b\nregoins: {count: 2}\n")
    ran = codose("validate", "one.yaml", "source", "two.yaml")
    assert ran.code == 2
    lines = ran.err.splitlines()
    assert len(lines) == 3
    assert re.match(r"one\.yaml:3:12: dosage\[0\]\.mode: .*did you mean 'video'\?", lines[0])
    assert lines[1].startswith("one.yaml:4:16: horizon_weeks: ")
    assert re.match(r"two\.yaml:2:1: regoins: .*did you mean 'regions'\?", lines[2])
    assert ran.out.startswith("source: fine (3 regions, 36 staff")


def test_every_shipped_scenario_validates() -> None:
    ran = codose("validate", *shipped_names())
    assert ran.code == 0
    assert len(ran.out.splitlines()) == len(shipped_names())


# --- lists -------------------------------------------------------------------------------------


def test_scenarios_lists_them_all() -> None:
    ran = codose("scenarios")
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == list(shipped_names())


def test_parameters_shows_the_table_a_line_a_row() -> None:
    ran = codose("parameters")
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == list(TABLE)
    free = codose("parameters", "--role", "free", "--json")
    rows = json.loads(free.out)
    # tests/test_calibrated.py holds what calibration made of each row against the shipped sets.
    fitted = [row.pop("calibrated") for row in rows]
    assert rows == [row.as_dict() for row in TABLE.values() if row.role == "free"]
    assert [one["name"] for one in fitted] == [row["name"] for row in rows]
    assert all(one["low"] <= one["mean"] <= one["high"] for one in fitted)


def test_outcomes_shows_them_all() -> None:
    assert [line.split()[0] for line in codose("outcomes").out.splitlines()[1:]] == list(NAMES)
    assert [row["name"] for row in json.loads(codose("outcomes", "--json").out)] == list(NAMES)


def test_schema_of_study_files_of_a_kind() -> None:
    made = json.loads(codose("schema", "--kind", "ladder").out)
    assert made["required"] == ["kind", "contrast", "steps"]
    ran = codose("schema", "--kind", "laddr")
    assert ran.code == 2
    assert "did you mean 'ladder'?" in ran.err


def test_schema_is_json_and_is_written_only_where_nothing_is(here: Path) -> None:
    printed = json.loads(codose("schema").out)
    assert codose("schema", "--out", "s.json").code == 0
    assert json.loads((here / "s.json").read_text()) == printed
    (here / "s.json").write_text("mine")
    ran = codose("schema", "--out", "s.json")
    assert ran.code == 2
    assert "s.json: the file exists" in ran.err
    assert (here / "s.json").read_text() == "mine"
    assert codose("schema", "--out", "s.json", "--force").code == 0
    (here / "folder").mkdir()
    assert codose("schema", "--out", "folder", "--force").code == 2


def test_odd_prints_and_writes_the_same(here: Path) -> None:
    printed = codose("odd")
    assert printed.code == 0
    assert codose("odd", "--write", "ODD.md").code == 0
    written = (here / "ODD.md").read_text(encoding="utf-8")
    assert written.splitlines()[0] == printed.out.splitlines()[0]
    assert r"\tau" in written  # typeset in a file, as it was typed on a terminal
    assert r"\tau" not in printed.out


# --- run ---------------------------------------------------------------------------------------


def test_run_prints_a_table_and_leaves_a_result_folder(saved: tuple[Path, Ran]) -> None:
    folder, ran = saved
    assert ran.code == 0
    assert "Classroom" in ran.out.splitlines()[0]
    head = next(line for line in ran.out.splitlines() if line.startswith("outcome"))
    for word in ("start", "end of TA", "5 %", "95 %", "horizon", "effect"):
        assert word in head
    text = " ".join(ran.out.split())
    for said in (
        "What happens to eight people and one provider", "so the effect of TA is", "a region and "
        "month of TA",
        "of the providers' time (contact", "The planned cost is", "the expected spend is",
        "These results rest on 2 of 2 runs", "TA ends in week 52; the horizon is week 78",
        "a provider hour,", "chance only", "Without --fixed, they use plausible sets",
    ):  # fmt: skip
        assert said in text, said
    assert text.count("rest on") == 1, "each table rests on the same runs"
    assert max(len(line) for line in ran.out.splitlines()) <= 100
    assert "\x1b" not in ran.out
    assert not re.search("[\u2500-\u257f]", ran.out), "boxes outside of a terminal"
    assert "classroom: 2 runs of fixed values (engine mesa, seed 1)" in ran.err
    assert {"manifest.json", "runs.parquet", "weeks.csv", "figures"} <= {
        path.name for path in folder.iterdir()
    }
    drawn = {path.name for path in (folder / "figures").iterdir()}
    # the team is drawn from the states of the compiled engine
    names = ("trajectories", "regions", "effects", "dosage", "commitments")
    assert drawn == {f"{name}.png" for name in names}


def test_a_table_that_rests_on_other_runs_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"value": [1.0]})
    tables = [
        Table(name, frame, note="Of runs.", rests_on=(counted, 8))
        for name, counted in (("first", 8), ("second", 8), ("third", 7))
    ]
    about = SimpleNamespace(argument="study", shown=lambda *_: tables)
    ask.show(SimpleNamespace(answer=Answer("Yes."), kind=about, study=None, tables={}))  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert (said.count("8 of 8 runs"), said.count("7 of 8 runs")) == (1, 1)
    assert said.count("Of runs.") == 3


def test_the_printed_numbers_are_those_of_the_summary(saved: tuple[Path, Ran]) -> None:
    folder, ran = saved
    rows = Runs.load(folder).summary().set_index(["outcome", "point"])
    line = next(line for line in ran.out.splitlines() if line.startswith("trust"))
    numbers = [float(text) for text in re.findall(r"[+-]?\d\.\d\d", line)]
    end, start, last = (rows.loc[("trust", point)] for point in ("end_of_ta", "start", "horizon"))
    effect = [end[f"effect_{part}"] for part in ("mean", "p05", "p95")]
    expected = [start["mean"], end["mean"], end["p05"], end["p95"], last["mean"], *effect]
    expected = [value for value in expected if abs(value) >= 0.005]  # 0.001 has one digit
    assert numbers == pytest.approx(expected, abs=0.0051)


def test_the_manifest_holds_the_command_that_makes_it_again(saved: tuple[Path, Ran]) -> None:
    manifest = json.loads((saved[0] / "manifest.json").read_text())
    assert manifest["command"] == "codose run classroom --replicates 2 --engine mesa --fixed"


def test_run_json_is_json_and_nothing_else(here: Path) -> None:
    ran = codose(*TINY, "--json", "--no-figures", "--quiet", "--set", "trust_step=0.2")
    assert ran.code == 0
    answer = json.loads(ran.out)
    assert ran.err == ""
    assert answer["runs"] == 2
    assert {row["outcome"] for row in answer["tables"]["summary"]} == set(NAMES)
    assert {row["region"] for row in answer["tables"]["summary"]} == {"overall"}
    assert "NaN" not in ran.out
    found = Runs.load(here / "results" / "classroom")
    assert [one.changed() for one in found.parameter_sets] == [{"trust_step": 0.2}]
    assert answer["folder"] == os.path.join("results", "classroom")
    assert (here / "results" / "classroom" / "manifest.json").is_file()
    assert not (here / "results" / "classroom" / "figures").exists()


def test_without_ta_there_is_no_effect_and_no_rate(here: Path) -> None:
    Scenario.shipped("classroom")
    text = Scenario.shipped("classroom").without_ta().to_yaml()
    (here / "none.yaml").write_text(text, encoding="utf-8")
    ran = codose("run", "none.yaml", "-n", "1", "--fixed", "--engine", "mesa", "--no-figures", "-q")
    assert ran.code == 0
    assert "Without TA, capacity is" in ran.out
    assert "There is no TA" in " ".join(ran.out.split())
    assert "nan" not in ran.out.lower()
    assert (here / "results" / "none").is_dir()


def nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ask", None)


def test_set_reports_every_mistake_before_anything_runs(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every text that does not set a parameter; then every parameter and value that cannot be."""
    nothing_is_run(monkeypatch)

    def said(*changes: str) -> list[str]:
        words = (word for change in changes for word in ("--set", change))
        ran = codose("run", "source", *words)
        assert ran.code == 2
        return ran.err.splitlines()

    texts = ["trust_step", "trust_step=abc", "=3", "power_sharing=1_0", "fade=1", "fade=1"]
    lines = said(*texts)
    assert len(lines) == 5
    for text, line in zip(texts, lines[:4], strict=False):
        assert line.startswith(f"--set: {text!r} does not set a parameter; allowed: NAME=VALUE")
    assert lines[4] == "--set fade: is set twice"
    (line,) = said("trst_step=0.2")
    assert "did you mean 'trust_step'?" in line
    (line,) = said("start_date=2027-01-04")
    assert line.startswith("--set: start_date is a field of a scenario, not a parameter; allowed:")
    lines = said("trust_step=0.9", "trust_fade=9")
    assert len(lines) == 2
    assert lines[0].startswith("--set trust_step: 0.9 is outside the plausible range")
    assert "add --beyond-range" in lines[0]
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("my.yaml", "codose observed list my.yaml"),
        ("my.csv", "codose observed import my.csv"),
        ("imprt", "import"),
    ],
)
def test_a_file_in_place_of_what_to_do_with_it(word: str, meant: str) -> None:
    ran = codose("observed", word)
    assert ran.code == 2
    assert ran.err.strip() == (
        f"observed: {word!r} is not an action; allowed: list, import; did you mean '{meant}'?"
    )


def test_beyond_range_opens_the_range_but_not_the_limits(here: Path) -> None:
    made = StudyKind.of("run").make
    wide = made(scenario="source", fixed=True, hold={"trust_step": 0.9}, beyond_range=True)
    assert wide.scenario.parameter_set().trust_step == 0.9
    ran = codose("run", "source", "--set", "trust_step=2", "--beyond-range")
    assert ran.code == 2
    assert "limits of the equation" in ran.err


def test_a_full_folder_is_refused_before_anything_runs(
    saved: tuple[Path, Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_is_run(monkeypatch)
    refused = codose(*TINY, "--out", saved[0])
    assert refused.code == 2
    assert "the folder is not empty; nothing was run" in refused.err
    (tmp_path / "letter.txt").write_text("keep me")
    forced = codose(*TINY, "--out", tmp_path, "--force")
    assert forced.code == 2
    assert "something else than results" in forced.err
    assert (tmp_path / "letter.txt").read_text() == "keep me"
    assert codose(*TINY, "--out", tmp_path / "letter.txt").code == 2


def test_force_replaces_results(saved: tuple[Path, Ran], tmp_path: Path) -> None:
    folder = tmp_path / "again"
    Runs.load(saved[0]).save(folder, figures=())
    words = [*TINY, "--no-figures", "--out", folder]
    words[words.index("--replicates") + 1] = "1"
    assert codose(*words).code == 2
    assert codose(*words, "--force").code == 0
    assert len(Runs.load(folder)) == 1


def test_verify_says_the_same_or_not(saved: tuple[Path, Ran], monkeypatch) -> None:
    same = codose("verify", saved[0], "--sample", "1")
    assert same.code == 0
    assert "the same" in same.out

    class Other:
        ok = False

        def __str__(self) -> str:
            return "differs"

    monkeypatch.setattr(verifying, "verify", lambda *a, **k: Other())
    differs = codose("verify", saved[0])
    assert differs.code == 1
    assert differs.out == "differs\n"


@pytest.mark.parametrize(
    ("words", "runs", "said"),
    [
        ((), 200, "classroom: 50 plausible sets x 4 (engine compiled, seed 1)"),
        (("--fixed",), 200, "classroom: 200 runs of fixed values (engine compiled, seed 1)"),
        (("--fixed", "--engine", "mesa"), 30, "classroom: 30 runs of fixed values (engine mesa,"),
        (("--sets", "3", "-n", "2"), 6, "classroom: 3 plausible sets x 2 (engine compiled,"),
    ],
)
def test_the_number_of_runs_is_said(
    here: Path, saved: tuple[Path, Ran], monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], runs: int, said: str,
) -> None:  # fmt: skip
    from sim.studies.run.analysis import design

    asked: list[int] = []

    def instead(study: Any, *_: object, **__: object) -> Result:
        asked.append(design(study).runs)
        return Runs.load(saved[0]).result

    monkeypatch.setattr(asking, "ask", instead)
    ran = codose("run", "classroom", "--no-figures", *words)
    assert asked == [runs]
    assert said in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sets", "1"), "--sets: 1 is out of range; allowed: 2 or more; --fixed"),
        (
            ("--sets", "no_such_folder"),
            "sets: 'no_such_folder' holds no plausible sets; allowed: a number, or a",
        ),
        (("--sets", "5", "--fixed"), "sets: does not go with fixed; allowed: one of the two"),
    ],
)
def test_sets_that_cannot_be_used(here: Path, words: tuple[str, ...], said: str) -> None:
    ran = codose("run", "classroom", "--no-figures", *words)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())


# --- interrupted, broken, failed ---------------------------------------------------------------


def test_ctrl_c_in_a_real_run_ends_in_130(tmp_path: Path) -> None:
    telling = (
        "import sys\nfrom sim.model import week\nreal = week.simulate\n"
        "def told(*given, **named):\n"
        "    made = real(*given, **named)\n"
        "    print('a run is done', file=sys.stderr, flush=True)\n"
        "    return made\n"
        "week.simulate = told\n"
    )
    words = ["run", "classroom", "-n", "100000", "--fixed", "--engine", "mesa", "--out", "part"]
    process = subprocess.Popen(
        [sys.executable, "-c", telling + MAIN, *words],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert "100,000 runs" in process.stderr.readline()
    for _ in range(3):
        assert process.stderr.readline() == "a run is done\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out == ""
    assert not (tmp_path / "part").exists()
    kept = "they are kept in part.parts/01-runs, and the same command with --resume goes on" in err
    assert (tmp_path / "part.parts").exists() is kept


@pytest.mark.parametrize(
    "words",
    [["schema"], *(pytest.param(one, marks=pytest.mark.slow)
                   for one in (["odd"], ["parameters"], ["parameters", "--json"]))],
)  # fmt: skip
def test_a_reader_who_goes_away_is_no_error(words: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=600) == 0
    process.stderr.close()


def test_a_failure_of_ours_is_one_sentence_and_a_log(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(asking, "ask", fail)
    monkeypatch.delenv(shell.DEBUG, raising=False)
    ran = codose(*TINY)
    assert ran.code == 1
    first, second = ran.err.splitlines()[-2:]
    assert first == "codose failed, and should not have: ZeroDivisionError: division by zero"
    log = re.search(r"Details are in (\S+\.log); CODOSE_DEBUG=1 shows them here\.", second)
    assert log
    path = Path(log.group(1))
    assert "Traceback" in path.read_text()
    path.unlink()
    monkeypatch.setenv(shell.DEBUG, "1")
    shown = codose(*TINY)
    assert shown.code == 1
    assert "Traceback" in shown.err


def test_our_own_errors_keep_their_code(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise CodoseError("the tide is out")

    monkeypatch.setattr(asking, "ask", fail)
    ran = codose(*TINY, "--quiet")
    assert (ran.code, ran.err) == (1, "the tide is out\n")


def test_failed_runs_are_said_and_end_in_1(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sim.model.week

    simulate = sim.model.week.simulate

    def now_and_then(scenario: Scenario, parameters: object, seed: int, replicate: int) -> object:
        if replicate == 1:
            raise ValueError("odd luck")
        return simulate(scenario, parameters, seed, replicate)  # type: ignore[arg-type]

    monkeypatch.setattr(sim.model.week, "simulate", now_and_then)
    ran = codose(*TINY, "--no-figures", "--quiet")
    assert ran.code == 1
    assert "1 of 2 runs failed and are left out" in ran.err
    assert "ValueError: odd luck" in ran.err
    assert "trust" in ran.out


def test_a_narrow_terminal_wraps_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = codose("outcomes").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) > len(NAMES) + 1


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_no_terminal_is_too_narrow_for_a_number(
    saved: tuple[Path, Ran],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: str,
) -> None:
    result = Runs.load(saved[0]).result
    monkeypatch.setenv("COLUMNS", columns)
    ask.show(result)
    out = capsys.readouterr().out
    wide = [line.split() for line in saved[1].out.splitlines()]
    for row in (line for line in wide if line[:1] in (["trust"], ["mutual"], ["capacity"])):
        assert row in [line.split() for line in out.splitlines()]
    lines = out.splitlines()
    table = lines[next(i for i, line in enumerate(lines) if line.startswith("outcome")) :][:7]
    assert max(map(len, table)) <= 90 or columns == "200"


# --- new ---------------------------------------------------------------------------------------


def test_new_writes_a_commented_scenario_that_validates(here: Path) -> None:
    made = codose("new", "my.yaml", "--yes")
    assert made.code == 0
    lines = (here / "my.yaml").read_text().splitlines()
    assert 15 <= len(lines) <= 30
    assert sum("#" in line for line in lines) >= 8
    assert max(map(len, lines)) <= 100
    assert codose("validate", "my.yaml").code == 0
    scenario = Scenario.load(here / "my.yaml")
    assert len(scenario.region_names) == 3
    assert (scenario.end_of_ta, scenario.horizon_weeks) == (104, 156)
    assert [series.mode for series in scenario.dosage] == ["onsite", "video"]


def test_new_takes_options_for_answers(here: Path) -> None:
    made = codose(
        "new", "my.yaml", "--regions", "5 all", "--staff", "3", "--providers", "1 10",
        "--meet", "phone every 2 weeks 0.5 hours", "--months", "6 0.9",
    )  # fmt: skip
    assert made.code == 0
    scenario = Scenario.load(here / "my.yaml")
    assert scenario.regions.selection == "all"
    assert scenario.staff_counts == (3,) * 5
    assert scenario.providers.hours_each == (10.0,)
    assert scenario.dosage[0].mode == "phone"
    assert scenario.dosage[0].co_creation == 0.9
    assert scenario.end_of_ta == 26


def test_new_asks_again_until_it_understands(here: Path) -> None:
    answers = "some\n9 of 4\n3 random of 9\n\n2\n2 with 200 hours\n2 with 20 hours\nvidio 3 1\n" \
        "video 3 1, email 1 .5\n24 7\n12 months 0.5\n"  # fmt: skip
    made = codose("new", "my.yaml", answers=answers)
    assert made.code == 0
    for said in (
        "'some' is not understood",
        "9 regions cannot be chosen from 4 candidates",
        "expected two numbers",
        "200 is out of range",
        "did you mean 'video'?",
        "7 is out of range; allowed: 0..1",
    ):
        assert said in made.err
    scenario = Scenario.load(here / "my.yaml")
    assert (scenario.regions.count, scenario.regions.candidates) == (3, 9)
    assert [series.mode for series in scenario.dosage] == ["video", "email"]


def test_new_overwrites_only_by_force(here: Path) -> None:
    (here / "my.yaml").write_text("mine")
    ran = codose("new", "my.yaml", "--yes")
    assert ran.code == 2
    assert "my.yaml: the file exists" in ran.err
    assert (here / "my.yaml").read_text() == "mine"
    assert codose("new", "my.yaml", "--yes", "--force").code == 0


def test_new_reports_every_bad_option_and_missing_answers(here: Path) -> None:
    bad = codose("new", "--yes", "--staff", "0", "--meet", "video 1", "--months", "0 0.5")
    assert bad.code == 2
    assert [line.split(":")[0] for line in bad.err.splitlines()] == [
        "--staff",
        "--meet",
        "--months",
    ]
    ended = codose("new", answers="\n")
    assert ended.code == 2
    assert "--staff: no answer is given" in ended.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("staff", [1, 2, 3, 4, 5, 6, 40])
def test_new_finds_a_network_for_any_team(staff: int, tmp_path: Path) -> None:
    file = tmp_path / "team.yaml"
    answers = {name: one.parse(one.usual) for name, one in new.QUESTIONS.items()}
    text = new.scenario_text({**answers, "staff": {"staff": staff}}, file)
    assert Scenario.from_text(text).staff_counts[0] == staff


def test_outcomes_say_which_way_is_better() -> None:
    lines = codose("outcomes").out.splitlines()
    assert "better" in lines[0]
    assert any(line.split()[:4] == ["workload", "0-1", "level", "less"] for line in lines)
