"""The check of words: it finds each kind that is planted, and leaves names in code alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
CHECK = REPO / "experiments" / "checks" / "words.py"
PLANTED = {
    "american.md": ("A visit to the center.", "center"),
    "private.md": ("It is luck alone.", "luck"),
    "bare.md": ("It rests on ten runs.", "It rests on"),
    "docstring.py": ('"""The result has not settled."""\n', "settled"),
    "comment.py": ("x = 1  # the twin of a run\n", "twin"),
    "string.py": ('x = "the band is not told here"\n', "not told"),
    "words.json": ('{"a": "The meeting is canceled today."}', "canceled"),
    "study.yaml": ("name: x  # what was put in by hand\n", "was put in"),
    "comment.ts": ("const a = 1; // the color of a line\n", "color"),
    "sentence.tsx": ('const a = "We analyze it, week by week.";\n', "analyze"),
    "ize.md": ("We summarize and standardize.", "summarize"),
    "misspelt.md": ("They recieve a visit.", "recieve"),
}
ALLOWED = {
    "code.md": "The field `center` is read.\n\n```yaml\ncenter: 1\n```\n",
    "name.py": 'color = center = 1\nnames = {"color": color}\n',
    "british.md": "The centre analyses colours; prize, size and horizon are no American words.\n",
    "words.json": '{"center": "The programme of the centre."}',
    "name.ts": 'const center = { color: "gray" };\n',
}


def run(*paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECK), *map(str, paths)], capture_output=True, text=True, check=False
    )


def test_each_kind_that_is_planted_is_found_with_its_place(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in PLANTED]
    for path in paths:
        path.write_text(PLANTED[path.name][0], encoding="utf-8")
    ran = run(*paths)
    assert ran.returncode == 1
    for name, (_, word) in PLANTED.items():
        lines = [line for line in ran.stdout.splitlines() if f"{name}:1: " in line]
        assert any(word in line for line in lines), (name, ran.stdout)


def test_names_in_code_and_british_words_are_left_alone(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ALLOWED]
    for path in paths:
        path.write_text(ALLOWED[path.name], encoding="utf-8")
    ran = run(*paths)
    assert (ran.returncode, ran.stdout) == (0, f"{len(paths)} files: no word to mend\n")
