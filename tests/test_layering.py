"""Imports of ``sim`` run one way; ``import sim`` is light and changes nothing in the process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
SIM = REPO / "sim"

# From the ground up. A module may import from rows above its own; within a row there is no circle.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "core"),  # core: units
    ("parameters",),
    ("rules", "streams", "outcomes", "_mesa"),
    ("stats",),
    ("files", "loading", "checking", "team_file", "contact_log"),
    ("scenario",),
    ("levers", "dosage"),
    ("network",),
    ("population",),
    ("tables",),  # population and calendars as arrays, for the kernel
    ("agents", "model", "kernel"),
    ("compiled",),  # the kernel as seen from Python
    ("batch",),  # many compiled runs on threads
    ("ensemble",),  # engines by name
    ("runs",),  # which runs, how they are made, what is kept
    ("instruments",),
    ("present",),
    ("study",),
    ("view",),
    ("studies",),
    ("cli", "__main__"),
)
LEVEL = {name: level for level, row in enumerate(LAYERS) for name in row}

# Neighbours that may not know each other in either direction.
APART = (
    {"rules", "streams"},  # equations hold no luck, luck holds no equations
    {"agents", "kernel"},  # two engines: one is the oracle of the other
    {"model", "kernel"},
)
# The order inside the row of the engines.
FORBIDDEN = {("agents", "model")}

HEAVY = ("mesa", "pandas", "matplotlib", "SALib", "numba", "networkx", "pyarrow", "scipy")


def dotted(path: Path) -> str:
    """``sim/study/store.py`` as ``sim.study.store``."""
    parts = path.relative_to(REPO).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit(module: str) -> str:
    """The name in LAYERS that a dotted module belongs to: ``sim.study.store`` is in ``study``."""
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
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(
                argument.value
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )
    return {name for name in found if name == "sim" or name.startswith("sim.")}


# The facade is left out: it offers names of every layer, by name and late.
GRAPH = {
    module: imports(module, path.read_text(encoding="utf-8"), path.name == "__init__.py")
    for module, path in MODULES.items()
    if module != "sim"
}


def level(name: str, seen: frozenset[str] = frozenset()) -> int | None:
    """The row of a unit. A private helper, ``_x``, stands no lower than what it imports."""
    if name in LEVEL or not name.startswith("_"):
        return LEVEL.get(name)
    below = {unit(other) for other in GRAPH.get(f"sim.{name}", ()) if other != "sim"}
    seen = seen | {name}
    return max((level(other, seen) or 0 for other in below - seen), default=0)


def problems(module: str, imported: set[str]) -> list[str]:
    """What is wrong with the imports of one module."""
    importer = unit(module)
    own = level(importer)
    assert own is not None, f"give {module} a place in LAYERS, and in CONTRIBUTING.md"
    found = []
    for name in sorted(imported):
        height = None if name == "sim" else level(unit(name))
        if height is None:
            found.append(f"{module} imports {name}: import from the module that defines it")
            continue
        target = unit(name)
        if height > own:
            found.append(f"{module} imports {name}, which stands above it")
        elif {importer, target} in APART or (importer, target) in FORBIDDEN:
            found.append(f"{module} imports {name}: these two do not know each other")
    return found


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_run_one_way(module: str) -> None:
    assert not problems(module, GRAPH[module])


def test_imports_form_no_circle() -> None:
    units: dict[str, set[str]] = {}
    for module, imported in GRAPH.items():
        targets = {unit(name) for name in imported if name != "sim"} - {unit(module)}
        units.setdefault(unit(module), set()).update(targets)
    left = dict(units)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"these import each other in a circle: {sorted(left)}"


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("sim.errors", "from sim.parameters import TABLE", True),
        ("sim.errors", "def late():\n    from sim import parameters", True),
        ("sim.errors", "import importlib\nimportlib.import_module('sim.cli')", True),
        ("sim.rules", "import sim.streams", True),
        ("sim.kernel", "from sim.model import CoCreationModel", True),
        ("sim.agents", "from sim import model", True),
        ("sim.model", "from sim import agents", False),
        ("sim.study.store", "from ..view import plots", True),
        ("sim.view.odd", "from ..study import store", False),
        ("sim.view.style", "from . import odd", False),
        ("sim.cli", "from sim import Scenario", True),  # hides where it comes from
        ("sim.cli", "import sim", True),
        (
            "sim.errors",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sim.cli import main",
            False,
        ),
        ("sim.errors", "if TYPE_CHECKING:\n    pass\nelse:\n    import sim.cli", True),
    ],
)
def test_the_check_itself_sees(module: str, source: str, wrong: bool) -> None:
    assert bool(problems(module, imports(module, source))) is wrong


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, timeout=120
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
            marks=pytest.mark.skipif(not (SIM / "model.py").exists(), reason="no model yet"),
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
