"""codose calibrate on the command line: resumed, in shards; its folders verified."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim import _folder, files
from sim.cli import app
from sim.studies.reports import report_html
from sim.study import bank, verifying

STUDY = """
kind: calibrate
name: Small
scenario: classroom
factors: [learning_rate, hour_scale, keeping, knowledge_mean]
targets: [T4, T10]
waves: 1
wave_samples: 60
wave_replicates: 2
samples: 300
replicates: 4
kept: 100
seed: 3
"""
AUDIT = """
kind: audit
scenario: source
asks_about: [trust]
background_trends: [0]
leniencies: [0]
sets: 3
replicates: 4
"""


def codose(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def calibrate(study: Path, out: Path, *words: object):
    return codose("calibrate", study, "--out", out, "--no-figures", *words)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Studies, and the folder of a calibration."""
    folder = tmp_path_factory.mktemp("calibrate")
    for name, text in (("bank", STUDY), ("audit", AUDIT)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    ran = calibrate(folder / "bank.yaml", folder / "bank", "--quiet")
    assert ran.exit_code == 0, ran.output
    return folder


def same_sets(one: Path, other: Path) -> bool:
    return (one / "plausible.csv").read_bytes() == (other / "plausible.csv").read_bytes()


# --- interrupted ---------------------------------------------------------------------------------


def test_it_goes_on_after_ctrl_c(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = bank.execute

    def stop(*args: object, **given: object):
        calls.append(1)
        if len(calls) == 2:  # the wave is done
            raise KeyboardInterrupt
        return real(*args, **given)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(bank, "execute", stop)
    ran = calibrate(home / "bank.yaml", tmp_path / "r")
    assert ran.exit_code == 130
    assert not (tmp_path / "r").exists()
    monkeypatch.setattr(bank, "execute", real)
    again = calibrate(home / "bank.yaml", tmp_path / "r")
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    ran = calibrate(home / "bank.yaml", tmp_path / "r", "--resume")
    assert ran.exit_code == 0, ran.output
    assert same_sets(tmp_path / "r", home / "bank")
    assert not (tmp_path / "r.parts").exists()


# --- shards --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shard", "message"), [("4/3", "i/n with i from 1 to n"), ("half", "is not a shard")]
)
def test_shards_that_cannot_be(shard: str, message: str, home: Path, tmp_path: Path) -> None:
    ran = codose("calibrate", home / "bank.yaml", "--shard", shard, "--out", tmp_path / "s")
    assert ran.exit_code == 2
    assert message in ran.stderr
    assert not (tmp_path / "s").exists()


# --- one way to the posterior --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("method: abc_smc", "method: 'abc_smc' is not one of the choices; allowed: bank"),
        ("emulator: gaussian_process",
         "emulator: 'gaussian_process' is not one of the choices; allowed: polynomial"),
    ],
)  # fmt: skip
def test_what_is_not_there_any_more_is_refused(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"{STUDY}{line}\n", encoding="utf-8")
    ran = codose("calibrate", path, "--out", tmp_path / "r")
    assert ran.exit_code == 2
    assert message in " ".join(ran.stderr.split())
    assert "s.yaml:" in ran.stderr


# --- verify and report ---------------------------------------------------------------------------


def test_a_calibration_is_verified(home: Path) -> None:
    ran = codose("verify", home / "bank", "--sample", "20", "--quiet")
    assert ran.exit_code == 0, ran.output
    assert "20 of" in ran.stdout
    assert "every value is the same" in ran.stdout


def tampered(home: Path, place: Path, change) -> Path:
    """A copy of a calibration with another bank, and a manifest that says it is right."""
    import shutil

    copy = shutil.copytree(home / "bank", place / "copy")
    frame = pd.read_parquet(copy / "bank.parquet")
    change(frame)
    _folder.write_table(copy, "bank", frame, csv=False)
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["bank.parquet"]["sha256"] = _folder.sha256(copy / "bank.parquet")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return copy


def _outputs(frame: pd.DataFrame) -> None:
    frame.loc[0, "target T4"] += 1e-12


def _weights(frame: pd.DataFrame) -> None:
    frame.loc[3, "weight"] *= 1.001


def _values(frame: pd.DataFrame) -> None:
    row = int(frame["weight"].to_numpy().argmax())
    frame.loc[row, "keeping"] += 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_outputs, "setting 0, T4: stored"),
        (_weights, "weight of setting 3"),
        (_values, "plausible.csv"),
    ],
)
def test_what_is_not_the_same_is_named(change, message: str, home: Path, tmp_path: Path) -> None:
    ran = codose("verify", tampered(home, tmp_path, change), "--quiet")
    assert ran.exit_code == 1
    assert "not the same" in ran.stdout
    assert message in ran.stdout


def test_a_study_of_an_earlier_version_is_refused(home: Path, tmp_path: Path) -> None:
    copy = tampered(home, tmp_path, lambda frame: None)
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["study"]["particles"] = 1000  # a field of 0.1.0
    path.write_text(json.dumps(manifest), encoding="utf-8")
    ran = codose("verify", copy, "--quiet")
    assert ran.exit_code == 2
    said = " ".join(ran.stderr.split())
    assert "holds a study that this version cannot read (particles)" in said
    assert "make them again" in said


def test_a_damaged_file_is_named(home: Path, tmp_path: Path) -> None:
    copy = tampered(home, tmp_path, lambda frame: None)
    (copy / "plausible.csv").write_text("keeping,weight\n0.5,1\n", encoding="utf-8")
    ran = codose("verify", copy, "--quiet")
    assert ran.exit_code == 1
    assert "plausible.csv: is not as it was written" in ran.stdout


def test_an_audit_is_verified_and_reported(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "a"
    ran = codose("audit", home / "audit.yaml", "--out", out, "--no-figures", "--quiet")
    assert ran.exit_code == 0, ran.output
    assert verifying.verify_study(out).ok
    html = report_html(out)
    assert "constrained by" in html
    frame = pd.read_parquet(out / "audit.parquet")
    frame.loc[1, "bias"] += 1e-9
    assert "audit, row 2, bias: stored" in verifying._tables_differ(out, {"audit": frame})


def test_a_comparison_with_trials_is_verified(tmp_path: Path) -> None:
    trials = files.folder("experiments") / "observed" / "facilitation_trials.csv"
    rows = trials.read_text(encoding="utf-8").splitlines()
    (tmp_path / "few.csv").write_text("\n".join(rows[:7]) + "\n", encoding="utf-8")
    study = "kind: trials\nscenario: source\ntrials: few.csv\nsets: 2\nreplicates: 1\n"
    (tmp_path / "t.yaml").write_text(study, encoding="utf-8")
    out = tmp_path / "t"
    ran = codose("trials", tmp_path / "t.yaml", "--out", out, "--no-figures", "--quiet")
    assert ran.exit_code == 0, ran.output
    (tmp_path / "few.csv").unlink()  # the folder stands by itself
    report = verifying.verify_study(out)
    assert report.ok, str(report)
    assert "6 trials made again over 2 plausible sets" in str(report)
    assert "Compared" in report_html(out) or "compared" in report_html(out)


def test_the_report_of_a_calibration_names_number_and_grade(home: Path) -> None:
    html = report_html(home / "bank")
    record = json.loads((home / "bank" / "plausible.json").read_text(encoding="utf-8"))
    assert record["constrained_by"] in html
    for name in ("learning_rate", "keeping"):
        assert name in html
    assert "learned from grade" in html


def test_other_folders_are_not_for_it(tmp_path: Path) -> None:
    from sim import run

    folder = run("classroom", replicates=1, seed=1, fixed=True).save(tmp_path / "r")
    from sim.errors import ResultsError

    with pytest.raises(ResultsError, match="holds results of 'codose run'"):
        verifying.verify_study(folder)
