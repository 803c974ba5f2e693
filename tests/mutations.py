"""Mutated input files: :data:`LOADERS` (everything that reads one), :func:`mutated`, :func:`fault`.

A loader gives an answer or an :class:`~sim.core.errors.InputError`, and nothing else, whatever the
file holds. Shared by tests/test_mutated_inputs.py (some hundred inputs) and
experiments/checks/fuzz.py (ten thousand). A case is a number: the same number is the same input.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sim.core import files
from sim.core.errors import InputError
from sim.studies.kind import StudyKind
from tests.cases import TINY

T = TypeVar("T")
Files = dict[str, bytes]
"""What a folder holds, by name."""

NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, float("nan"), float("inf"), 1e308, -1e308, 5e-324,
    10**400, 2**31, 2**63, 2**64, "", " ", "0", "1e-3", "nan", "12 months", "none", "source",
    "never", "region_1", "trust", "-", "=1+1", "..", "/", "~", "a/b", "a.yaml", "x" * 300,
    "é" * 300, "a" * 300 + ".yaml", "\x00", "a\nb", "\t", "\ud800", "a\u202eb", "2027-02-30",
    "2027-01-04", [], {}, [[]], [None], [{}], {"a": {}}, {"": 0}, {"choices": ["12 months", 6]},
    {"choices": [0, 1]}, {"choices": [float("nan"), 1]}, [0, 1], [1, 0], [1, 2, 3],
    [float("nan"), 1], [-1e308, 1e308], ["a", "b"], ["a", "a"], {"from": 0, "to": 1e308},
    {"uniform": [0, 1e308]}, {"uniform": [1, 0]}, {"function": "ishigami"}, "horizon", "end_of_tta",
)  # fmt: skip
"""Values in place of those that belong there."""

SCRAPS = (
    b"\0", b"\r", b"\xff", b"\t", b'"', b"'", b"{", b"- ", b"&a ", b"!!python/object:os.system ",
    b"\xed\xa0\x80", b"\x85",
)  # fmt: skip
"""Bytes that are strewn in."""


# --- the ways of spoiling a file -----------------------------------------------------------------


def _places(data: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything inside plain data."""
    found = []
    for key, item in data.items() if isinstance(data, dict) else enumerate(data):
        found.append((*way, key))
        if isinstance(item, dict | list):
            found += _places(item, (*way, key))
    return found


def spoil_data(data: Any, chance: random.Random) -> Any:
    """Plain data with one to three things in it changed."""
    data = json.loads(json.dumps(data, default=str))
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = _places(data) if isinstance(data, dict | list) else []
        if not places or chance.random() < 0.02:
            return copy.deepcopy(chance.choice(NASTY))
        *steps, key = chance.choice(places)
        owner = data
        for step in steps:
            owner = owner[step]
        _spoil_one(owner, key, [owner[key] for owner, key in _all(data)], chance)
    return data


def _all(data: Any) -> list[tuple[Any, Any]]:
    found = []
    for way in _places(data):
        owner = data
        for step in way[:-1]:
            owner = owner[step]
        found.append((owner, way[-1]))
    return found


def _spoil_one(owner: Any, key: Any, others: list[Any], chance: random.Random) -> None:
    value = owner[key]
    what = chance.choice(
        ("nasty", "nasty", "nasty", "other", "gone", "wrap", "deep", "name", "long")
    )
    if what == "nasty":
        owner[key] = copy.deepcopy(chance.choice(NASTY))
    elif what == "other":
        owner[key] = copy.deepcopy(chance.choice(others))
    elif what == "gone":
        del owner[key]
    elif what == "wrap":
        owner[key] = chance.choice(([value], {"value": value}, [value, value], str(value)))
    elif what == "deep":
        for _ in range(chance.choice((2, 60))):
            value = [value] if chance.random() < 0.5 else {"a": value}
        owner[key] = value
    elif what == "long" and isinstance(value, list) and value:
        owner[key] = value * 50
    elif isinstance(owner, dict):
        name = chance.choice((f"{key}s", str(key)[:-1], "x" * 300, "", "kind", "file", "names"))
        owner[name] = owner.pop(key)


def spoil_table(text: str, chance: random.Random) -> str:
    """A CSV file with its rows and columns disordered."""
    rows = list(csv.reader(io.StringIO(text))) or [[""]]
    for _ in range(chance.choice((1, 1, 2))):
        row = chance.choice(rows)
        column = chance.randrange(max(1, len(rows[0])))
        what = chance.choice(
            ("cell", "cell", "cell", "twice", "head", "surplus", "less", "drop", "blank", "swap",
             "long", "rows")
        )  # fmt: skip
        if what == "cell" and row:
            row[chance.randrange(len(row))] = str(chance.choice(NASTY))
        elif what == "twice":  # a column is given twice, and says another thing
            for one in rows:
                one.append(
                    "4"
                    if one is not rows[0] and column < len(one)
                    else "".join(one[column : column + 1])
                )
        elif what == "head" and rows[0]:
            old = rows[0][column % len(rows[0])]
            rows[0][column % len(rows[0])] = chance.choice(
                (f" {old} ", old.upper(), "", "x", f"{old}s")
            )
        elif what == "surplus":
            row.append("7")
        elif what == "less" and row:
            row.pop()
        elif what == "drop":
            for one in rows:
                del one[column : column + 1]
        elif what == "blank":
            rows.insert(chance.randrange(len(rows) + 1), [])
        elif what == "swap" and len(rows) > 1:
            rows[0], rows[1] = rows[1], rows[0]
        elif what == "long" and row:
            row[0] = "x" * 140_000
        elif what == "rows":
            rows = rows[: chance.randrange(len(rows) + 1)] or [[""]]
    out = io.StringIO()
    csv.writer(
        out,
        delimiter=chance.choice(",,,,;\t"),
        lineterminator=chance.choice(("\n", "\n", "\r\n", "\r")),
    ).writerows(rows)
    return out.getvalue()


def spoil_bytes(raw: bytes, chance: random.Random) -> bytes:
    """Bytes cut, repeated, strewn in or coded in another way."""
    at, to = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
    text = raw.decode("utf-8", "replace")
    lines = text.splitlines(keepends=True) or [""]
    line = chance.choice(lines)
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: b"",
        lambda: raw[:at],
        lambda: raw[:at] + raw[to:],
        lambda: raw[:to] + raw[at:],
        lambda: raw[:at] + bytes([chance.randrange(256)]) + raw[at:],
        lambda: raw[:at] + chance.choice(SCRAPS) + raw[at:],
        lambda: raw.replace(b"\n", b"\r"),
        lambda: raw.replace(b"\n", b"\r\n"),
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-16-le"),
        lambda: b"\xef\xbb\xbf" + raw,
        lambda: text.replace("e", "é").encode("latin-1", "replace"),
        lambda: "".join(lines).replace(line, line + line, 1).encode(),
        lambda: "".join(one for one in lines if one is not line).encode(),
        lambda: "".join(chance.sample(lines, len(lines))).encode(),
        lambda: raw[:at] + b"[" * 60 + raw[at:],
        lambda: raw[:at] + b"9" * 400 + raw[at:],
        lambda: chance.randbytes(200),
    )  # fmt: skip
    return chance.choice(ways)()


def spoil_workbook(raw: bytes, chance: random.Random) -> bytes:
    """A workbook with one of its parts spoilt, without it, or with it twice."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        parts = {one: packed.read(one) for one in packed.namelist()}
    name = chance.choice([one for one in parts if "sheet" in one or chance.random() < 0.3])
    what = chance.choice(("part", "part", "cell", "cell", "gone"))
    if what == "part":
        parts[name] = spoil_bytes(parts[name], chance)
    elif what == "gone":
        del parts[name]
    else:
        numbers = list(re.finditer(rb"\d+", parts[name]))
        at = chance.choice(numbers)
        value = chance.choice((b"", b"-1", b"1e308", b"NaN", b"9" * 400, b"0", b"16385", b"x"))
        parts[name] = parts[name][: at.start()] + value + parts[name][at.end() :]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for one, content in parts.items():
            packed.writestr(one, content)
    return out.getvalue()


def mutated(base: bytes, name: str, chance: random.Random) -> bytes:
    """One file spoilt: what it says, or its bytes."""
    form = Path(name).suffix
    if form == ".xlsx" and chance.random() < 0.7:
        return spoil_workbook(base, chance)
    if chance.random() < 0.3 or form not in (".csv", ".json", ".yaml"):
        return spoil_bytes(base, chance)
    if form == ".csv":
        return spoil_table(base.decode(), chance).encode("utf-8", "surrogatepass")
    if form == ".json":
        return json.dumps(spoil_data(json.loads(base), chance)).encode()
    data = spoil_data(yaml.safe_load(base), chance)
    if chance.random() < 0.5:  # JSON is YAML
        return json.dumps(data).encode()
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode(
        "utf-8", "surrogatepass"
    )


# --- everything that reads a file ----------------------------------------------------------------


@dataclass(frozen=True)
class Loader:
    """What reads files.

    Attributes:
        name: of the kind of file.
        begin: makes sound files; the first of each folder is the one that is spoilt most.
        load: reads the first file of a folder (or the folder).
    """

    name: str
    begin: Callable[[], Sequence[Files]]
    load: Callable[[Path], object]

    @cached_property
    def folders(self) -> Sequence[Files]:
        """The sound files."""
        return self.begin()

    def case(self, number: int) -> Files:
        """The files of a case."""
        chance = random.Random(f"{self.name} {number}")
        given = chance.choice(self.folders)
        names = list(given)
        victim = names[0] if chance.random() < 0.7 else chance.choice(names)
        return {**given, victim: mutated(given[victim], victim, chance)}

    def read(self, given: Mapping[str, bytes], folder: Path) -> str:
        """``ok`` or ``refused``.

        Raises:
            Exception: any other error than an InputError; an InputError that says nothing.
        """
        for name, raw in given.items():
            (folder / name).write_bytes(raw)
        try:
            self.load(folder / next(iter(given)))
        except InputError as error:
            if not error.problems or not all(one.message for one in error.problems):
                raise AssertionError("an error without a message") from error
            str(error).encode("utf-8", "backslashreplace")
            return "refused"
        return "ok"


def fault(loader: Loader, given: Mapping[str, bytes]) -> BaseException | None:
    """What a loader raises that is no InputError; None where it does as promised."""
    with tempfile.TemporaryDirectory(prefix="codose-mutated-") as folder:
        try:
            loader.read(given, Path(folder))
        except Exception as error:
            return error
    return None


LOG = b"""week,region,mode,hours,co_creation,status
1,region_1,video,1.5,0.6,held
2,region_2,onsite,6,,held
3,region_3,phone,0.5,0.2,region_cancelled
5,region_1,email,0.25,,held
"""
DATED = b"""date,region,mode,hours
2024-01-08,north,video,1.5
2024-02-05,south,onsite,6
2024-03-04,north,phone,0.5
"""
SURVEYS = (
    b"item,wave,mean,sd,n\ntrust,start,3.4,0.9,30\ntrust,end_of_ta,3.9,0.8,28\nteamwork,12,3,1,9\n",
    b"person,item,wave,answer\na,trust,start,3\nb,trust,start,4\na,trust,52,4\nb,trust,52,5\n",
)
EDGES = b"# who works with whom\nAda,Ben\nBen,Cleo\nCleo,Ada\nCleo,Dora\n"
TRACKER = b"""Date,State,Type,Minutes,Outcome,TA provider,Notes
2025-01-14,north,Zoom,90,Held,Ann,call
2025-01-31,south,Site visit,360,Held,Ben,"two days, one night"
2025-02-14,north,Phone,30,Cancelled by region,Ann,
2025-02-21,"north, south",Zoom,60,Held,Ben,both
"""
LOG_MAP = b"""date: {column: Date, order: iso}
region: {column: State, several: shared, names: {north: North}}
mode: {column: Type, words: {Zoom: video, Site visit: onsite, Phone: phone}}
hours: {column: Minutes, unit: minutes, words: {full day: 7}}
status: {column: Outcome, words: {Held: held, Cancelled by region: region_cancelled}}
provider: {column: TA provider}
decimal: point
skip: [Total]
"""
WIDE = b"""id,date,trust_1,trust_2,teamwork,site
p1,2024-01-10,4,3,5,a
p2,2024-01-10,3,,4,b
p1,2025-01-08,5,4,N/A,a
p2,2025-01-08,4,-99,3,b
"""
SURVEY_MAP = b"""columns: {person: id, wave: date}
items: {trust: {of: [trust_1, trust_2], reversed: [trust_2]}, teamwork: teamwork}
scale: [1, 5]
missing: [N/A, -99]
first_date: "2024-01-01"
date_order: iso
"""
NETWORK_MAP = b"first_row: head\nencoding: utf-8\n"
WEIGHTS = b"source,target,weight\nAda,Ben,2\nBen,Cleo,1.5\nCleo,Ada,1\n"
MATRIX = b",Ada,Ben,Cleo\nAda,0,1,0\nBen,1,0,2\nCleo,0,2,0\n"
NETWORKS = {
    "gexf": b"""<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph defaultedgetype="undirected">
<nodes><node id="0" label="Ada"/><node id="1" label="Ben"/></nodes>
<edges><edge id="0" source="0" target="1" weight="2.0"/></edges></graph></gexf>
""",
    "gml": b"""graph [
  node [ id 0 label "Ada" ]
  node [ id 1 label "Ben" ]
  edge [ source 0 target 1 weight 2 ]
]
""",
    "net": b'*Vertices 3\n1 "Ada"\n2 "Ben"\n3 "Cleo"\n*Edges\n1 2 2.0\n2 3\n',
}
"""What programs for networks write."""
GRAPHML = b"""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <graph edgedefault="undirected">
    <node id="a"/><node id="b"/><node id="c"/><edge source="a" target="b"/>
    <edge source="b" target="c"/>
  </graph>
</graphml>
"""


def _scenario_with(**fields: Any) -> bytes:
    return yaml.safe_dump(
        {"name": "mutated", "horizon_weeks": 60, **fields}, sort_keys=False
    ).encode()


def _scenarios() -> Loader:
    from sim.scenario.scenario import Scenario

    def load(path: Path) -> None:
        found = Scenario.load(path)
        again = Scenario.from_text(found.to_yaml())
        assert again.digest() == found.digest(), "YAML does not give the scenario back"

    texts = [path.read_bytes() for path in sorted(files.folder("scenarios").glob("*.yaml"))]
    folder = [{"scenario.yaml": text} for text in texts if b"file:" not in text]
    return Loader("scenario", lambda: folder, load)


PLANS = b"""codose: plans
version: 1
open: Fewer visits
reference: What we do now
currency: "$"
budget: {a_year: 300000, of: centre}
targets:
  - {outcome: integration, at_least: 0.4, when: end_of_ta, sure: 0.7}
plans:
  - name: What we do now
    scenario:
      name: What we do now
      horizon_weeks: 60
      dosage: [{mode: onsite, every_weeks: 13, hours: 4}]
  - name: Fewer visits
    scenario:
      name: Fewer visits
      horizon_weeks: 60
      regions: {candidates: 3, count: 3}
      dosage: [{mode: video, every_weeks: 4, hours: 1.5, first_week: 2, last_week: 40}]
      contact_log: {rows: [{week: 1, region: region_1, mode: video, hours: 1}]}
"""


def _plans_files() -> Loader:
    from sim.scenario.plans_file import load_plans
    from sim.scenario.scenario import Scenario

    def load(path: Path) -> None:
        for name in load_plans(path).documents:
            Scenario.load(f"{path}#{name}")

    return Loader("plans", lambda: [{"my.plans.yaml": PLANS}], load)


def _beside(name: str, key: str, *found: tuple[str, bytes, dict[str, Any]]) -> Loader:
    """Scenarios that name another file, which is the one that is spoilt."""
    from sim.scenario.scenario import Scenario

    folders = tuple(
        {file: raw, "scenario.yaml": _scenario_with(**fields)} for file, raw, fields in found
    )
    return Loader(
        name, lambda: folders, lambda path: Scenario.load(path.with_name("scenario.yaml"))
    )


MORE: dict[str, tuple[dict[str, Any], ...]] = {
    "plan": (
        {"levers": {"months": {"choices": [6, 12]}, "sites_per_provider": [1, 2]}},
        {"levers": {"months": [6, 12], "first_week": [1, 4],
                    "horizon_weeks": {"choices": [100, 200]}}},
        {"levers": {"regions": [1, 3], "providers": {"choices": [1, 2]}, "core_team": [0.5, 1],
                    "dosage[0].last_week": {"from": 20, "to": 52, "step": 8}}},
        {"levers": {"functions.learning": [0.1, 0.5],
                    "hours": [1, 2], "network": {"choices": ["ring", "hub"]}, "selection":
                    {"choices": ["all", "random"]}, "weekly_hours": [10, 20]}},
    ),
    "ladder": ({"contrast": {"lever": "months", "low": 3, "high": 9}},
               {"contrast": {"lever": "sites_per_provider", "low": 1, "high": 2}}),
    "sensitivity": ({"factors": {"months": {"uniform": [6, 12]}, "providers": {"choices": [1, 2]},
                                 "trust_step": {"uniform": [0.1, 0.3]}}},),
    "patterns": ({"cases": {"calls": {"levers": {"months": 6, "sites_per_provider": 2}}}},),
}  # fmt: skip
"""Further fields of tiny studies: levers that others are reckoned from."""


@cache
def _shipped_studies() -> list[tuple[str, bytes]]:
    """Kind and text of each study that comes with the project, unless it names a file."""
    texts = [path.read_bytes() for path in sorted(files.folder("experiments").glob("*.yaml"))]
    kinds = [re.search(rb"^kind: (\w+)$", text, re.MULTILINE) for text in texts]
    return [
        (kind[1].decode(), text)
        for kind, text in zip(kinds, texts, strict=True)
        if kind and b"/" not in text
    ]


def _studies(kind: str) -> Loader:
    same = [text for its, text in _shipped_studies() if its == kind]
    tiny = {"kind": kind, **TINY[kind]}
    given = [tiny, *({**tiny, **more} for more in MORE.get(kind, ()))]
    folders: list[Files] = [
        {"study.yaml": yaml.safe_dump(one, sort_keys=False).encode()} for one in given
    ]
    folders += [{"study.yaml": text} for text in same]
    return Loader(f"study: {kind}", lambda: folders, StudyKind.of(kind).read)


def _observed() -> Loader:
    from sim.studies.observed import read_observed, shipped_files

    folders = tuple({"observed.yaml": path.read_bytes()} for path in shipped_files())
    return Loader("observed", lambda: folders, read_observed)


def _workbook(raw: bytes) -> bytes:
    """The rows of a CSV file as a workbook, numbers as numbers."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    for row in csv.reader(io.StringIO(raw.decode())):
        sheet.append([float(x) if x.replace(".", "", 1).isdigit() else x for x in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _tabular(name: str, raws: Sequence[bytes], load: Callable[[Path], object]) -> Loader:
    """What reads tables: CSV and, where openpyxl is there, the first of them as a workbook."""
    folders: list[Files] = [{f"{name}.csv": raw} for raw in raws]
    if find_spec("openpyxl"):
        folders += [{f"{name}.xlsx": _workbook(raw)} for raw in raws[:2]]
    return Loader(f"import {name}", lambda: folders, load)


def _asked(read: Callable[[], T]) -> T | None:
    """What was read; None when it has questions, each of which says what it asks."""
    from sim.tables_in.questions import OpenQuestions, to_yaml

    try:
        return read()
    except OpenQuestions as open_:
        to_yaml(open_.data)  # what is written for its owner to fill in
        return None


def _surveys() -> Loader:
    from sim.studies.observed import read_observed
    from sim.studies.survey_import import import_survey, to_yaml

    def load(path: Path) -> None:
        found = _asked(lambda: import_survey(path, first_date="2024-01-01"))
        if found is not None:
            target = path.with_suffix(".yaml")
            target.write_text(to_yaml(found.content), encoding="utf-8")
            read_observed(target)

    return _tabular("survey", SURVEYS, load)


def _log_sums() -> Loader:
    """A contact log in sum, as ``codose observed import`` reads it."""
    from sim.studies.observed import read_observed
    from sim.studies.observed_import import log_findings
    from sim.studies.survey_import import source_of, to_yaml

    def load(path: Path) -> None:
        target = path.with_suffix(".yaml")
        findings = log_findings(path, first_date="2024-01-01")
        text = to_yaml({"source": source_of("log"), "findings": findings})
        target.write_text(text, encoding="utf-8")
        read_observed(target)

    return Loader("observed import", lambda: [{"log.csv": raw} for raw in (LOG, DATED)], load)


def _trackers() -> Loader:
    from sim.scenario.contact_log import MAX_WEEKS, parse_log
    from sim.scenario.log_import import import_log

    def load(path: Path) -> None:
        found = _asked(lambda: import_log(path))
        if found is not None:
            again = parse_log(
                found.text, "log.csv", horizon_weeks=MAX_WEEKS, region_names=None,
                first_date=found.first_day,
            )  # fmt: skip
            assert len(again) == len(found.rows), "the log that was written is another"

    return _tabular("log", (TRACKER, LOG), load)


def _edges() -> Loader:
    from sim.scenario.network_import import import_network

    def load(path: Path) -> None:
        _asked(lambda: import_network(path))

    one = _tabular("network", (EDGES.partition(b"\n")[2], WEIGHTS, MATRIX), load)
    more: list[Files] = [{"a.graphml": GRAPHML}, *({f"a.{k}": v} for k, v in NETWORKS.items())]
    return Loader(one.name, lambda: [*one.folders, *more], load)


def _maps() -> Loader:
    """Maps of tables: the file that is spoilt is the map."""
    from sim.scenario.log_import import import_log
    from sim.scenario.network_import import import_network
    from sim.studies.survey_import import import_survey

    def load(path: Path) -> None:
        table = next(one for one in path.parent.glob("*.csv"))
        read = {"log": import_log, "network": import_network, "survey": import_survey}[table.stem]
        _asked(lambda: read(table, path))

    folders = [
        {"map.yaml": LOG_MAP, "log.csv": TRACKER},
        {"map.yaml": NETWORK_MAP, "network.csv": WEIGHTS},
        {"map.yaml": SURVEY_MAP, "survey.csv": WIDE},
    ]
    return Loader("map", lambda: folders, load)


def _calendars() -> Loader:
    """The calendar that codose writes, read as a contact log; as a workbook too."""
    from sim.scenario.scenario import Scenario
    from sim.studies.calendar import to_fill_in

    scenario = Scenario.shipped("classroom")
    dated = to_fill_in(scenario.replace(start_date="2024-01-01")).csv().encode()
    weekly = to_fill_in(scenario).csv().encode()
    found = [("calendar.csv", dated), ("calendar.csv", weekly)]
    if find_spec("openpyxl"):
        found.append(("calendar.xlsx", _workbook(dated)))
    regions = {"candidates": 1, "count": 1}
    return _beside("calendar", "contact_log", *(
        (name, raw, {
            "regions": regions, "providers": {"count": 1}, "contact_log": {"file": name},
            **({} if raw is weekly else {"start_date": "2024-01-01"}),
        })
        for name, raw in found
    ))  # fmt: skip


def _trials() -> Loader:
    from sim.studies.trials.spec import read_trials

    shipped = files.folder("experiments") / "observed" / "facilitation_trials.csv"
    return Loader("trials", lambda: [{"trials.csv": shipped.read_bytes()}], read_trials)


def _sets() -> Loader:
    from sim.scenario.scenario import Scenario
    from sim.studies.plausible import chosen_sets

    scenario = Scenario.shipped("classroom")
    home = files.folder("experiments") / "plausible"
    table = (home / "default.csv").read_bytes().splitlines(keepends=True)
    manifest = (home / "default.json").read_bytes()
    small = b"".join(table[:12])

    def load(path: Path) -> None:
        chosen_sets(path.parent).within(scenario)

    folders: list[Files] = [
        {"plausible.csv": small, "plausible.json": manifest},
        {"default.csv": small, "default.json": manifest},
    ]
    return Loader("parameter sets", lambda: folders, load)


def _result_folder(kind: str) -> Files:
    from sim.studies.ask import ask
    from tests.cases import tiny

    with tempfile.TemporaryDirectory() as home:
        place = ask(tiny(kind)).save(Path(home, "results"), figures=())
        found = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
    return {"manifest.json": found.pop("manifest.json"), **found}


def _results() -> Loader:
    from sim.studies.report import report_of
    from sim.studies.result import load as load_result
    from sim.studies.result import sound

    def load(path: Path) -> None:
        folder = path.parent
        found = load_result(folder)
        sound(folder)
        _ = found.answer.text, found.figures
        report_of(found)

    kinds = ("run", "sensitivity")
    return Loader("result folder", lambda: [_result_folder(kind) for kind in kinds], load)


def _saved_plans() -> Loader:
    """The plan of runs as plain values, and what a store of runs says that it is for."""
    from sim.runs.plan import RunPlan, independent
    from sim.scenario.scenario import Scenario

    scenario = Scenario.shipped("classroom")
    plan = RunPlan((independent(scenario, [scenario.parameter_set()] * 2, 2, [0, 52]),), seed=1)
    raw = json.dumps(plan.to_dict()).encode()

    def load(path: Path) -> None:
        try:
            plain = json.loads(path.read_bytes())
        except ValueError:  # whoever reads the file says so
            return
        RunPlan.from_dict(plain)

    return Loader("saved plan", lambda: [{"plan.json": raw}], load)


def _stores() -> Loader:
    from sim.runs.execute import Execution, Unfinished
    from sim.runs.merging import open_trees
    from sim.studies.ask import ask, read_asked
    from tests.cases import tiny

    def begin() -> list[Files]:
        with tempfile.TemporaryDirectory() as home:
            with contextlib.suppress(Unfinished):
                ask(tiny("run"), Execution(store=Path(home, "part"), shard=(1, 2)))
            found = {path.name: path.read_bytes() for path in Path(home, "part").rglob("*.json")}
        inner = next(name for name in found if name != "asked.json")
        return [{"asked.json": found["asked.json"], inner: found[inner]}]

    def load(path: Path) -> None:
        read_asked(path.parent)
        open_trees([path.parent])

    return Loader("store of runs", begin, load)


def loaders() -> tuple[Loader, ...]:
    """Every loader of the project."""
    from sim import studies

    kinds = [name for name in studies.names() if StudyKind.of(name).argument == "study"]
    regions = {"candidates": 3, "count": 3}
    team = {"candidates": 1, "count": 1}
    return (
        _scenarios(),
        _plans_files(),
        _beside(
            "contact log", "contact_log",
            ("log.csv", LOG, {"regions": regions, "contact_log": {"file": "log.csv"}}),
            ("log.csv", DATED, {
                "regions": {"candidates": 2, "count": 2, "names": ["north", "south"]},
                "contact_log": {"file": "log.csv", "first_date": "2024-01-01"},
            }),
        ),
        _beside(
            "team", "network",
            ("team.csv", EDGES, {"regions": {**team, "staff": 4, "network": {"file": "team.csv"}}}),
            ("team.edges", EDGES,
             {"regions": {**team, "staff": 4, "network": {"file": "team.edges"}}}),
            ("team.graphml", GRAPHML,
             {"regions": {**team, "staff": 3, "network": {"file": "team.graphml"}}}),
        ),
        *(_studies(kind) for kind in kinds),
        _observed(),
        _log_sums(),
        _surveys(),
        _trackers(),
        _edges(),
        _maps(),
        _calendars(),
        _trials(),
        _sets(),
        _results(),
        _saved_plans(),
        _stores(),
    )  # fmt: skip
