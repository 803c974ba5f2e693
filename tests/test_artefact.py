"""The compiled artefact: it is that of the sources, needs nothing, and survives every fault."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numpy as np
import pytest
from strategies import CORNERS
from study_case import digest

from sim.core import rules
from sim.core.errors import EngineError
from sim.engine import artefact, cache, compiled, kernel, layout, native
from sim.engine.arguments import FLOAT, Argument, Block, Entry
from sim.engine.entries import ENTRIES, FUNCTIONS, signature
from sim.runs import engines
from sim.runs.collect import RunValues
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, common
from sim.scenario.scenario import Scenario
from tests.cases import codose

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
SAYS_HOW = "'make engine' makes it"


def about() -> dict[str, object]:
    return json.loads((artefact.SHIPPED / "layout.json").read_text(encoding="utf-8"))


def fresh(code: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=REPO, capture_output=True, text=True, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip


READY = artefact.ready


@pytest.fixture(scope="module")
def made_here() -> bytes:
    """Machine code for this machine, as it is made where the package brings none."""
    path = cache.folder() / f"engine-{native.object_key()}.o"
    content = cache.read(path)
    if content is None:
        content = native.optimised(artefact.shipped(), native.machine())
        cache.write(path, content)
    return content


# --- it is that of the sources --------------------------------------------------------------------


def test_the_shipped_artefact_is_that_of_the_sources() -> None:
    assert about()["stamp"] == layout.stamp(), "a rule, the kernel or a layout changed: make engine"


def test_the_shipped_files_belong_together() -> None:
    told = about()
    assert isinstance(told["sha256"], dict)
    for name, said in told["sha256"].items():
        assert hashlib.sha256((artefact.SHIPPED / name).read_bytes()).hexdigest() == said
    expected = json.loads(json.dumps(layout.layout()))
    assert {name: told[name] for name in expected} == expected


def test_the_stamp_follows_every_compiled_source(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {path.name for path in layout.sources()}
    assert {"rules.py", "streams.py", "kernel.py"} <= names
    assert "scenario.py" not in names, "nothing of it is compiled"
    real, edited = Path.read_bytes, [""]

    def read(self: Path) -> bytes:
        return real(self) + (b"# edited" if self.name == edited[0] else b"")

    monkeypatch.setattr(Path, "read_bytes", read)
    seen = set()
    for edited[0] in ("nothing", *names):
        seen.add(layout.stamp.__wrapped__())
    assert len(seen) == 1 + len(names)


def test_the_stamp_follows_constants_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    before = layout.stamp.__wrapped__()
    monkeypatch.setattr(kernel, "PROVIDER_CANCELLED", 9)
    assert layout.stamp.__wrapped__() != before


def test_line_ends_of_a_checkout_are_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: real(self).replace(b"\n", b"\r\n"))
    assert layout.stamp.__wrapped__() == layout.stamp()


def test_the_hash_of_results_covers_all_that_numbers_come_from() -> None:
    names = {path.name for path in layout.imported_by(layout._PACKAGE / "engine" / "compiled.py")}
    needed = {"compiled", "kernel", "rules", "streams", "tables", "dosage", "network", "population"}
    assert {f"{name}.py" for name in needed | {"parameters", "outcomes", "entries"}} <= names
    assert not names & {"results.py", "cli.py", "model.py", "agents.py"}


# --- it needs nothing, and rounds once ------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped_module() -> llvm.ModuleRef:
    return llvm.parse_assembly(artefact.shipped().decode())


def test_compiled_code_needs_nothing_from_outside(shipped_module: llvm.ModuleRef) -> None:
    """It cannot allocate, raise, print or call a library: the same file runs in a browser."""
    outside = {f.name for f in shipped_module.functions if f.is_declaration}
    assert {re.sub(r"\.[ipf]\d.*", "", name) for name in outside} <= {
        "llvm.floor", "llvm.sqrt", "llvm.fabs", "llvm.rint", "llvm.memset", "llvm.memcpy",
        "llvm.trunc", "llvm.lifetime.start", "llvm.lifetime.end", "llvm.assume", "llvm.smax",
        "llvm.smin", "llvm.umax", "llvm.umin", "llvm.abs", "llvm.experimental.noalias.scope.decl",
    }  # fmt: skip
    shown = {f.name for f in shipped_module.functions if f.linkage.name == "external"}
    exported = {*ENTRIES, *FUNCTIONS, "stamp"}
    assert shown - outside == {layout.PREFIX + name for name in exported}


def test_nothing_of_one_machine_is_in_it(shipped_module: llvm.ModuleRef) -> None:
    assert shipped_module.triple == ""
    assert shipped_module.data_layout == ""
    text = str(shipped_module)
    assert "target-cpu" not in text
    assert "target-features" not in text


def test_arrays_of_a_week_are_known_not_to_overlap(shipped_module: llvm.ModuleRef) -> None:
    """Loops would test for it otherwise, in every week, and would run person by person in small
    teams, whose arrays lie close together."""
    assert str(shipped_module).count("!alias.scope") > 200


def test_no_arithmetic_may_be_reordered_or_fused(shipped_module: llvm.ModuleRef) -> None:
    text = str(shipped_module)
    assert not re.search(r"\bf(?:add|sub|mul|div|cmp) (?:fast|reassoc|contract|arcp|afn)", text)
    assert "llvm.fma" not in text


def test_this_machine_fuses_nothing() -> None:
    module = llvm.parse_assembly(
        "define double @f(double %a, double %b, double %c) {\n"
        "%p = fmul double %a, %b\n%s = fadd double %p, %c\nret double %s\n}"
    )
    assert "fma" not in native.machine().emit_assembly(module)


SEEDS = 400


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_compiled_rule_is_the_rule(name: str) -> None:
    """Each rule, compiled, gives the bits that Python gives."""
    luck = np.random.default_rng(5)
    kinds, _ = signature(FUNCTIONS[name])
    compiled = native.engine().rule(name)
    with np.errstate(all="ignore"):
        for _ in range(SEEDS):
            given = [
                int(luck.integers(0, 12)) if kind is int else float(luck.random())
                for kind in kinds.values()
            ]
            try:
                expected = float(FUNCTIONS[name](*given))
            except ZeroDivisionError:  # a count of nobody, which no caller passes on
                continue
            assert compiled(*given) == expected, given


def test_arguments_that_would_be_misread_are_refused() -> None:
    block = Block(Entry("fill", lambda to: None, (Argument("to", FLOAT, 2),)))
    for wrong in (np.zeros(3), np.zeros((2, 2), np.float32), np.zeros((4, 4))[:, ::2]):
        with pytest.raises(TypeError, match="fill takes to as a contiguous array"):
            block.put(to=wrong)


# --- machine code that is shipped -----------------------------------------------------------------


@pytest.mark.parametrize("name", native.READY)
def test_shipped_machine_code_gives_the_bits_of_code_made_here(
    name: str, monkeypatch: pytest.MonkeyPatch, made_here: bytes
) -> None:
    if name not in native.fitting():
        pytest.skip(f"this machine is no {name} with Linux")
    code = artefact.ready(name)
    assert code is not None
    assert code != made_here
    found = []
    for each in (code, made_here):
        loaded = native.Native(each)
        monkeypatch.setattr(native, "_engine", lambda loaded=loaded: loaded)
        found.append([digest(one) for one in corners()])
    assert found[0] == found[1]


def corners() -> Iterator[RunValues]:
    """Runs of every corner of the input, and of a shipped case with many staff."""
    for scenario in (*map(Scenario.from_dict, CORNERS.values()), Scenario.shipped("national")):
        compiled._prepared.clear()
        weeks = sorted({0, scenario.horizon_weeks // 2, scenario.horizon_weeks})
        sets = [scenario.parameter_set()]
        yield execute(RunPlan((common(scenario, sets, 2, weeks),), 1, "compiled"))


@pytest.mark.parametrize("name", native.READY)
def test_shipped_machine_code_is_kept_from_processors_without_its_features(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One feature less, and it is not used; it would end the process."""
    needed = native.READY[name]

    def there(features: Collection[str], triple: str = native.LINUX) -> bool:
        told = "quantum9", ",".join(f"+{one}" for one in sorted(features)) + ",-sse4a"
        monkeypatch.setattr(native, "processor", lambda: told)
        monkeypatch.setattr(llvm, "get_process_triple", lambda: triple)
        return name in native.fitting()

    assert there(needed)
    assert there({*needed, "amx-tile"}, "x86_64-alpine-linux-musl")
    assert not any(there(needed - {one}) for one in needed)
    for other in ("x86_64-pc-windows-msvc", "x86_64-apple-darwin23", "aarch64-unknown-linux-gnu"):
        assert not there(needed, other)
    monkeypatch.setattr(native, "processor", lambda: ("generic", ""))
    assert not native.fitting()


def test_the_best_processor_comes_first() -> None:
    best, *_ = native.READY.values()
    assert all(best >= needed for needed in native.READY.values())


@pytest.mark.parametrize("fault", ["missing", "a flipped bit", "of other code"])
def test_machine_code_is_made_here_where_the_shipped_one_cannot_be_used(
    fault: str, own_cache: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shipped"
    shutil.copytree(artefact.SHIPPED, folder)
    if fault == "of other code":
        monkeypatch.setattr(artefact, "ready", lambda name: other_object())
    else:
        for name in native.READY:
            path = folder / artefact.object_name(name)
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 8
            path.unlink() if fault == "missing" else path.write_bytes(data)
        monkeypatch.setattr(artefact, "SHIPPED", folder)
        monkeypatch.setattr(artefact, "ready", READY)
    monkeypatch.setattr(native, "fitting", lambda: list(native.READY))
    kept(tmp_path).unlink()
    assert native.engine().rule("sigmoid")(0.0) == 0.5
    assert len(own_cache) == 1


# --- the shipped file is not what it should be ----------------------------------------------------


def cut(folder: Path) -> None:
    packed = (folder / "engine.ll.gz").read_bytes()
    (folder / "engine.ll.gz").write_bytes(packed[: len(packed) // 2])


def flip(folder: Path) -> None:
    packed = bytearray((folder / "engine.ll.gz").read_bytes())
    packed[len(packed) // 2] ^= 8
    (folder / "engine.ll.gz").write_bytes(packed)


def stale(folder: Path) -> None:
    text = (folder / "layout.json").read_text(encoding="utf-8")
    changed = text.replace(layout.stamp(), "0123456789abcdef")
    (folder / "layout.json").write_text(changed, encoding="utf-8")


FAULTS = {
    "missing": (lambda folder: (folder / "engine.ll.gz").unlink(), "missing or unreadable"),
    "no layout": (lambda folder: (folder / "layout.json").unlink(), "missing or unreadable"),
    "no JSON": (lambda folder: (folder / "layout.json").write_text("{"), "missing or unreadable"),
    "no object": (lambda folder: (folder / "layout.json").write_text("[]"), "missing or unread"),
    "stale": (stale, "older than its sources"),
    "truncated": (cut, "is damaged"),
    "a flipped bit": (flip, "is damaged"),
}


@pytest.fixture(params=FAULTS)
def fault(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A shipped folder with a fault, and a cache of its own; the sentence that says so."""
    folder = tmp_path / "shipped"
    shutil.copytree(artefact.SHIPPED, folder)
    break_it, sentence = FAULTS[request.param]
    break_it(folder)
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(artefact, "SHIPPED", folder)
    monkeypatch.setattr(artefact, "ready", lambda name: None)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    native._engine.cache_clear()
    artefact._told.clear()
    yield sentence
    native._engine.cache_clear()
    artefact._told.clear()


def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    real = artefact.importlib.util.find_spec
    monkeypatch.setattr(
        artefact.importlib.util, "find_spec", lambda name: None if name == "numba" else real(name)
    )


def test_without_numba_a_fault_is_one_sentence(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_numba(monkeypatch)
    with pytest.raises(EngineError, match=fault) as raised:
        artefact.code()
    assert SAYS_HOW in str(raised.value)
    assert "\n" not in str(raised.value)


def test_with_numba_it_is_compiled_once_and_kept(
    fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[int] = []

    def compiled() -> bytes:
        made.append(1)
        return b"code"

    monkeypatch.setattr(artefact, "_compiled", compiled)
    assert [artefact.code(), artefact.code()] == [b"code"] * 2
    assert len(made) == 1
    said = capsys.readouterr().err
    assert fault in said
    assert said.count("compiling the engine with Numba") == 1


def test_a_small_job_goes_on_with_the_readable_engine(
    fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_numba(monkeypatch)
    scenario = Scenario.from_dict(CORNERS["one staff member"])

    def plan(runs: int, engine: str = "auto") -> RunPlan:
        weeks = [0, scenario.horizon_weeks]
        return RunPlan((common(scenario, [scenario.parameter_set()], runs, weeks),), 1, engine)

    made = execute(plan(2))
    said = capsys.readouterr().err
    assert said.count("codose: ") == 1
    assert fault in said
    assert said.rstrip().endswith("the readable engine makes these runs, slowly")
    assert digest(made) == digest(execute(plan(2, "mesa")))
    assert made.count() == (2, 2)
    for other in (plan(engines.SMALL), plan(2, "compiled")):
        with pytest.raises(EngineError, match=fault):
            execute(other)


# --- the object in the user's cache ---------------------------------------------------------------


@pytest.fixture
def own_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_here: bytes
) -> Iterator[list[Path]]:
    """A cache with the machine code of this machine in it; the list grows when it is made anew."""
    path, made = tmp_path / f"engine-{native.object_key()}.o", []
    cache.write(path, made_here)

    def again(code: bytes, machine: object) -> bytes:
        made.append(path)
        return made_here

    monkeypatch.setattr(artefact, "ready", lambda name: None)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    monkeypatch.setattr(native, "optimised", again)
    native._engine.cache_clear()
    yield made
    native._engine.cache_clear()


def kept(folder: Path) -> Path:
    (path,) = folder.glob("engine-*.o")
    return path


def test_a_kept_object_is_loaded(own_cache: list[Path]) -> None:
    assert native.engine().rule("sigmoid")(0.0) == 0.5
    assert not own_cache


OWN_NAME = f"engine-{native.object_key()}.o".encode()


def other_object() -> bytes:
    """Sound machine code that is not the engine's."""
    module = llvm.parse_assembly("define i32 @codose_stamp() { ret i32 7 }")
    return native.machine().emit_object(module)


@pytest.mark.parametrize(
    "content",
    [
        lambda data: data[:20],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"",
        lambda data: hashlib.sha256(b"another name" + data[32:]).digest() + data[32:],
        lambda data: hashlib.sha256(OWN_NAME + other_object()).digest() + other_object(),
    ],
    ids=["cut to nothing", "cut", "a flipped bit", "empty", "of another name", "of other code"],
)
def test_a_damaged_or_foreign_object_is_made_anew(
    content: object, own_cache: list[Path], tmp_path: Path
) -> None:
    path = kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(content(whole))  # type: ignore[operator]
    assert native.engine().rule("sigmoid")(0.0) == 0.5
    assert own_cache == [path]
    assert path.read_bytes() == whole


def test_an_object_is_for_one_processor_and_one_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {native.object_key()}
    monkeypatch.setattr(native, "processor", lambda: ("quantum9", ""))
    keys.add(native.object_key())
    monkeypatch.setattr(llvmlite, "__version__", "99")
    keys.add(native.object_key())
    assert len(keys) == 3


def test_a_cache_that_takes_nothing_costs_time_only(
    own_cache: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    kept(tmp_path).unlink()
    monkeypatch.setattr(os, "replace", full)
    assert native.engine().rule("sigmoid")(0.0) == 0.5
    assert len(own_cache) == 1
    assert not list(tmp_path.glob("engine-*.o"))
    assert not list(tmp_path.glob("tmp*")), "what could not be kept is left behind"


def test_a_cache_that_cannot_be_written_is_replaced(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code = "from sim.engine import cache; print(cache.folder())"
    done = fresh(code, CODOSE_CACHE=str(blocked), TMPDIR=str(tmp_path))
    assert done.stdout.strip().startswith(str(tmp_path / "codose-"))


def mode(number: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.mkdir()
        path.chmod(number)

    return make


def link(path: Path) -> None:
    """To a folder that is closed to others now; whoever made the link may point it elsewhere."""
    path.with_name("elsewhere").mkdir(mode=0o700)
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize(
    ("make", "is_used"),
    [(mode(0o700), True), (mode(0o777), False), (mode(0o755), False), (mode(0o720), False),
     (link, False), (Path.touch, False)],
    ids=["closed", "open", "to be read", "to be written", "a link", "a file"],
)  # fmt: skip
def test_a_temporary_cache_that_is_not_closed_is_not_trusted(
    make: Callable[[Path], object], is_used: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write there could have this process run their code."""
    (tmp_path / "file").write_text("not a folder")
    shared = tmp_path / f"codose-{os.getuid()}"
    make(shared)
    monkeypatch.setenv("CODOSE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = cache.folder.__wrapped__()
    assert (found == shared / "engine") is is_used
    assert found.is_dir()
    assert is_used or found.stat().st_mode & 0o077 == 0


def test_a_temporary_cache_of_somebody_else_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    assert cache._is_ours(tmp_path / "mine")
    monkeypatch.setattr(os, "getuid", lambda: 12345, raising=False)
    assert not cache._is_ours(tmp_path / "mine")
    monkeypatch.delattr(os, "getuid")  # a system whose temporary folders are each user's own
    assert cache._is_ours(tmp_path / "mine")


def test_a_damaged_entry_is_deleted(tmp_path: Path) -> None:
    cache.write(tmp_path / "engine-a.o", b"code")
    assert cache.read(tmp_path / "engine-a.o") == b"code"
    (tmp_path / "engine-a.o").write_bytes(b"damaged")
    assert cache.read(tmp_path / "engine-a.o") is None
    assert not list(tmp_path.iterdir())


def test_the_cache_is_named_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    cache.write(tmp_path / "engine-a.o", bytes(2_000_000 - 32))
    (tmp_path / "tmp-1-2").write_bytes(bytes(100_000))  # of a process that was killed
    (tmp_path / "notes.txt").write_text("of the user")
    assert codose("cache").stdout == f"{tmp_path}: 2 files, 2.1 MB\n"
    assert codose("cache", "--clear").stdout == f"{tmp_path}: 2 files, 2.1 MB deleted\n"
    assert codose("cache").stdout == f"{tmp_path}: 0 files, 0.0 MB\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


# --- LLVM and the processor -----------------------------------------------------------------------


def test_an_llvm_that_cannot_read_it_is_named(
    own_cache: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_another_version(*_: object) -> bytes:
        raise RuntimeError("LLVM IR parsing error\nUnknown attribute kind (99)")

    kept(tmp_path).unlink()
    monkeypatch.setattr(native, "optimised", of_another_version)
    with pytest.raises(EngineError, match="cannot use the compiled engine") as raised:
        native.engine()
    assert llvmlite.__version__ in str(raised.value)
    assert "\n" not in str(raised.value)


TINY_MODULE = "define double @f(double %x) { %y = fmul double %x, %x\nret double %y }"


def test_an_unknown_processor_gets_plain_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> None:
        raise RuntimeError("no features of this host")

    monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: "quantum9")
    monkeypatch.setattr(llvm, "get_host_cpu_features", unknown)
    assert native.processor() == ("generic", "")
    assert native.optimised(TINY_MODULE.encode(), native.machine())


def test_a_new_name_with_known_features_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: "quantum9")
    assert native.optimised(TINY_MODULE.encode(), native.machine())


WITHOUT_POSIX = """
import os
for name in ("getuid", "geteuid", "getgid", "fork"):
    if hasattr(os, name):
        delattr(os, name)
from sim.engine import native
print(native.engine().rule("sigmoid")(0.0))
"""


def test_a_system_without_users_will_do(made_here: bytes) -> None:
    assert fresh(WITHOUT_POSIX, USERNAME="somebody").stdout.strip() == "0.5"


USE = """
import sys
from sim.engine import native
from sim import Scenario
if "elsewhere" in sys.argv:  # where the package brings no machine code
    native.READY = {}
from sim.engine import compiled
scenario = Scenario.shipped("classroom")
compiled.simulate(scenario, scenario.parameter_set(), 1, 0)
print(*sorted({"numba", "mesa", "networkx"} & set(sys.modules)))
"""


def test_a_run_needs_no_numba(made_here: bytes) -> None:
    for words in ((), ("elsewhere",)):
        assert "numba" not in fresh(USE, *words).stdout


def test_a_first_use_prepares_nothing_where_machine_code_is_shipped(tmp_path: Path) -> None:
    if not native.fitting():
        pytest.skip("the package brings no machine code for this machine")
    done = fresh(USE, CODOSE_CACHE=str(tmp_path))
    assert done.stderr == ""
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.slow
def test_elsewhere_a_first_use_prepares_and_the_second_does_not(tmp_path: Path) -> None:
    said = [fresh(USE, "elsewhere", CODOSE_CACHE=str(tmp_path)).stderr for _ in range(2)]
    assert said[0].count("codose: preparing the engine for this machine (once") == 1
    assert said[1] == ""
    assert len(list((tmp_path / "engine").iterdir())) == 1


@pytest.mark.slow
def test_the_shipped_artefact_is_what_the_sources_give(tmp_path: Path) -> None:
    """Built again it is the same, byte for byte; the browser's module where there is a linker."""
    import numba

    made_with = {"numba": numba.__version__, "llvmlite": llvmlite.__version__}
    if about()["made_with"] != made_with:
        pytest.skip(f"the shipped one was made with {about()['made_with']}")
    subprocess.run(
        [sys.executable, "-m", "sim.engine.build", "--to", str(tmp_path / "engine.ll")],
        cwd=REPO, check=True, timeout=900,
    )  # fmt: skip
    again = (tmp_path / "engine.ll").read_bytes()
    assert again == gzip.decompress((artefact.SHIPPED / "engine.ll.gz").read_bytes())
    from sim.engine import build

    for name in native.READY:
        assert build.ready(again, name) == artefact.ready(name)
    if shutil.which("wasm-ld") is None:
        return
    module = (artefact.SHIPPED / "engine.wasm").read_bytes()
    assert build.browser_module(again) == module


@pytest.mark.slow
def test_edited_sources_are_compiled_by_numba(tmp_path: Path) -> None:
    """A developer changes a rule, and the next run follows it."""
    for name in ("sim", "scenarios"):
        shutil.copytree(REPO / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "sim" / "core" / "rules.py"
    text = path.read_text(encoding="utf-8")
    before = "    return value - rate * value\n"
    assert text.count(before) == 1
    path.write_text(text.replace(before, "    return value - 2.0 * rate * value\n"), "utf-8")
    code = "from sim.engine import native; print(native.engine().rule('decayed')(1.0, 0.25))"
    for said in (1, 0):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "CODOSE_CACHE": str(tmp_path / "c")},
        )  # fmt: skip
        assert float(done.stdout) == 0.5
        assert done.stderr.count("older than its sources") == said
    assert rules.decayed(1.0, 0.25) == 0.75
