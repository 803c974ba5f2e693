"""Imports of ``sim`` run one way; ``import sim`` is light and changes nothing in the process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
SIM = REPO / "sim"

# The rooms of sim from the ground up. A file may import from its own room and from rows below.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("core",),  # what is true everywhere: errors, parameters, outcomes, rules, streams, units
    ("tables_in",),  # the one reader of tables that people bring
    ("scenario",),  # what a file says, checked, and the one way to change it
    ("model",),  # the readable engine
    ("engine",),  # the same week compiled
    ("stats", "present"),  # arrays in, numbers out; how anything is shown
    ("runs",),  # which runs, how they are made, kept and written down
    ("studies",),  # kinds of study, a folder each
    ("page",),  # the page, one HTML file
    ("cli",),
)
LEVEL = {name: level for level, row in enumerate(LAYERS) for name in row}

# Files that may not know each other in either direction.
APART = (
    {"sim.core.rules", "sim.core.streams"},  # equations hold no luck, luck holds no equations
    {"sim.model.agents", "sim.engine.kernel"},  # two engines: one is the oracle of the other
    {"sim.model.week", "sim.engine.kernel"},
)
FORBIDDEN = {("sim.model.agents", "sim.model.week")}
# Within a kind of study: what may not import what.
BEFORE = {"spec": {"analysis", "words", "figures"}, "analysis": {"words", "figures"}}

HEAVY = ("mesa", "pandas", "matplotlib", "SALib", "numba", "networkx", "pyarrow", "scipy")


def dotted(path: Path) -> str:
    """``sim/runs/store.py`` as ``sim.runs.store``."""
    parts = path.relative_to(REPO).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit(module: str) -> str:
    """The room that a dotted module is in: ``sim.runs.store`` is in ``runs``."""
    return module.split(".")[1]


MODULES = {dotted(path): path for path in sorted(SIM.rglob("*.py")) if "_files" not in path.parts}


def running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield other
                yield from running_code(other)
            continue
        yield node
        yield from running_code(node)


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def imports(module: str, source: str, is_package: bool = False) -> set[str]:
    """The dotted modules of ``sim`` that a source imports, wherever in it, at import or later."""
    found: set[str] = set()
    for node in running_code(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".")[: None if is_package else -1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, *filter(None, [base])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                # A name of the facade stays "sim.Name"; any other is an attribute of its module.
                found.add(name if base == "sim" or name in MODULES else base)
        elif isinstance(node, ast.Call) and called(node).endswith("import_module"):
            found.update(
                argument.value
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )
    return {name for name in found if name == "sim" or name.startswith("sim.")}


# The faces are left out: they offer every layer, the one by name and late, the other as a command.
WITHIN = [module for module in MODULES if module not in ("sim", "sim.__main__")]


@cache
def imports_of(module: str) -> set[str]:
    """What a file of the project imports."""
    path = MODULES[module]
    return imports(module, path.read_text(encoding="utf-8"), path.name == "__init__.py")


def problems(module: str, imported: set[str]) -> list[str]:
    """What is wrong with the imports of one file."""
    own = LEVEL.get(unit(module))
    assert own is not None, f"give the room of {module} a place in LAYERS, and in CONTRIBUTING.md"
    found = []
    for name in sorted(imported):
        height = None if name == "sim" else LEVEL.get(unit(name))
        if height is None:
            found.append(f"{module} imports {name}: import from the module that defines it")
        elif height > own or (height == own and unit(name) != unit(module)):
            found.append(f"{module} imports {name}, which does not stand below it")
        elif {module, name} in APART or (module, name) in FORBIDDEN:
            found.append(f"{module} imports {name}: these two do not know each other")
        elif is_late(module, name):
            found.append(f"{module} imports {name}: within a kind, that comes after it")
    return found


def is_late(module: str, name: str) -> bool:
    """Whether two files of one kind of study stand in the wrong order."""
    mine, other = module.split("."), name.split(".")
    if len(mine) < 4 or mine[:3] != other[:3] or mine[1] != "studies" or len(other) < 4:
        return False
    return other[3] in BEFORE.get(mine[3], set())


@pytest.mark.parametrize("module", sorted(WITHIN))
def test_imports_run_one_way(module: str) -> None:
    assert not problems(module, imports_of(module))


def hidden(folder: str, source: str) -> list[str]:
    """The names with a leading underscore that a source in a folder imports from another one."""
    return [
        f"{alias.name} of {node.module}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim.")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
        if (node.module or "").rpartition(".")[0] != folder
    ]


def test_an_underscore_means_not_for_other_folders() -> None:
    line = "from sim.studies.spec import _sets, Week"
    assert hidden("sim.studies.plan", line) == ["_sets of sim.studies.spec"]
    assert hidden("sim.studies", line) == []
    found = {
        path.relative_to(REPO).as_posix(): hidden(dotted(path.parent), path.read_text("utf-8"))
        for path in MODULES.values()
    }
    assert {name: one for name, one in found.items() if one} == {}


def test_imports_form_no_circle() -> None:
    """File by file, whether a name is imported at once or late."""
    left = {module: (imports_of(module) & {*WITHIN}) - {module} for module in WITHIN}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"these import each other in a circle, or rest on one: {sorted(left)}"


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("sim.core.errors", "from sim.scenario.scenario import Scenario", True),
        ("sim.core.errors", "def late():\n    from sim.runs import plan", True),
        ("sim.core.errors", "import importlib\nimportlib.import_module('sim.cli')", True),
        ("sim.core.rules", "import sim.core.streams", True),
        ("sim.engine.kernel", "from sim.model.week import CoCreationModel", True),
        ("sim.model.agents", "from sim.model import week", True),
        ("sim.model.week", "from sim.model import agents", False),
        ("sim.runs.store", "from ..studies import kind", True),
        ("sim.studies.kind", "from ..runs import store", False),
        ("sim.present.report", "from . import table", False),
        ("sim.stats.intervals", "from sim.present import format", True),
        ("sim.studies.audit.analysis", "from sim.studies.audit import words", True),
        ("sim.studies.audit.words", "from sim.studies.audit import analysis", False),
        ("sim.cli", "from sim import Scenario", True),  # hides where it comes from
        ("sim.cli", "import sim", True),
        (
            "sim.core.errors",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sim.cli import main",
            False,
        ),
        ("sim.core.errors", "if TYPE_CHECKING:\n    pass\nelse:\n    import sim.cli", True),
    ],
)
def test_the_check_itself_sees(module: str, source: str, wrong: bool) -> None:
    assert bool(problems(module, imports(module, source))) is wrong


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_import_sim_is_light() -> None:
    code = f"import sys, sim; print(*(name for name in {HEAVY} if name in sys.modules))"
    assert fresh(code) == ""


@pytest.mark.parametrize(
    "statement",
    [
        "import sim",
        pytest.param(
            "from sim import CoCreationModel",
            marks=pytest.mark.skipif(not (SIM / "model").exists(), reason="no model yet"),
        ),
    ],
)
def test_import_leaves_multiprocessing_alone(statement: str) -> None:
    # Mesa 3.3 sets "spawn" for the whole process when it is imported.
    code = (
        "import multiprocessing as mp\n"
        "before = mp.get_start_method(allow_none=True)\n"
        f"{statement}\n"
        "print(before, mp.get_start_method(allow_none=True))"
    )
    before, after = fresh(code).split()
    assert after == before
