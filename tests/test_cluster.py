"""A real Dask cluster on loopback gives the same bytes, even when a worker is killed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from study_case import digest, study
from typer.testing import CliRunner

from sim.cli import app
from sim.core.errors import CodoseError, InputError, InterruptedRun
from sim.runs import cluster, execute
from sim.runs.execute import Execution
from sim.runs.store import Store

distributed = pytest.importorskip("distributed")

HERE = Path(__file__).parent
COUNT, REPLICATES = 200, 40


def start(module: str, *words: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *words],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


class Cluster:
    """A scheduler, and workers of one thread each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        words = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file))
        self.processes = [start("dask_scheduler", *words)]
        deadline = time.monotonic() + 600  # a guard against hanging
        while not self.file.is_file():
            assert self.processes[0].poll() is None, "the scheduler has ended"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address: str = json.loads(self.file.read_text())["address"]

    def add_worker(self) -> subprocess.Popen[bytes]:
        words = ("--no-nanny", "--nthreads", "1", "--local-directory", str(self.folder))
        self.processes.append(start("dask_worker", self.address, *words))
        return self.processes[-1]

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One worker from the start, so that no test waits for what an earlier one has begun."""
    study(1, 1)  # the engine is compiled once, here
    made = Cluster(tmp_path_factory.mktemp("dask"))
    made.add_worker()
    yield made
    made.stop()


def test_a_killed_worker_changes_no_byte(
    dask: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.runs.execute.WORK", 1)  # many tasks of a small study
    worker = dask.add_worker()
    with distributed.Client(dask.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=600)
    expected = study(COUNT, REPLICATES)
    seen: list[int] = []

    def kill(done: int, total: int) -> None:
        seen.append(done)
        if worker.poll() is None and done > total / 4:
            worker.kill()
            worker.wait()
            assert done < 0.9 * total, "killed too late to matter"

    found = study(
        COUNT, REPLICATES, cluster=dask.address, store=tmp_path / "s", progress=kill,
        warn=lambda text: None,
    )  # fmt: skip
    assert worker.poll() is not None
    assert digest(found) == digest(expected)
    assert seen[-1] == COUNT * REPLICATES
    stored = study(COUNT, REPLICATES, store=tmp_path / "s", resume=True)
    assert digest(stored) == digest(expected)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster of a test's own, with two workers, that is given many tasks of a small study."""
    study(1, 1)
    monkeypatch.setattr("sim.runs.execute.WORK", 1)
    made = Cluster(tmp_path)
    made.add_worker()
    made.add_worker()
    with distributed.Client(made.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=600)
    yield made
    made.stop()


def kill_once(processes: list[subprocess.Popen[bytes]]) -> Callable[[int, int], None]:
    """Kill them when a quarter of the runs is done."""

    def kill(done: int, total: int) -> None:
        if processes and done > total / 4:
            assert done < 0.9 * total, "killed too late to matter"
            while processes:
                one = processes.pop()
                one.kill()
                one.wait()

    return kill


@pytest.mark.slow
def test_with_every_worker_killed_it_says_so_and_waits(
    own: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 0.2)
    dead = own.processes[1:]
    workers, said = list(dead), []

    def warn(text: str) -> None:
        said.append(text)
        if all(worker.poll() is not None for worker in dead):
            own.add_worker()

    found = study(
        COUNT, REPLICATES, cluster=own.address, store=tmp_path / "s", warn=warn,
        progress=kill_once(workers),
    )  # fmt: skip
    assert said == ["the cluster has no workers: waiting for one"]
    assert digest(found) == digest(study(COUNT, REPLICATES))


@pytest.mark.slow
def test_without_its_scheduler_it_ends_in_a_sentence_and_keeps_what_is_done(
    own: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CodoseError, match=r"the cluster is gone: .*--resume goes on"):
        study(
            COUNT, REPLICATES, cluster=own.address, store=tmp_path / "s", warn=lambda text: None,
            progress=kill_once(own.processes[:1]),
        )  # fmt: skip
    kept = set((tmp_path / "s").glob("part-*"))
    assert len(kept) > 5
    again = study(COUNT, REPLICATES, store=tmp_path / "s", resume=True)
    assert digest(again) == digest(study(COUNT, REPLICATES))
    assert kept <= set((tmp_path / "s").glob("part-*"))
    assert "Traceback" not in capfd.readouterr().err


def test_ctrl_c_on_a_cluster_keeps_what_is_done(
    dask: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.runs.execute.WORK", 1)

    def stop(done: int, total: int) -> None:
        if done > total / 3:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRun, match="--resume goes on"):
        study(cluster=dask.address, store=tmp_path / "s", progress=stop)
    assert len(Store.load(tmp_path / "s").present) > 15
    again = study(cluster=dask.address, store=tmp_path / "s", resume=True)
    assert digest(again) == digest(study())


def test_codose_run_on_a_cluster(dask: Cluster, tmp_path: Path) -> None:
    words = ["run", "classroom", "--sets", "10", "-n", "3", "--no-figures", "--quiet", "--out"]
    for name, more in (("plain", []), ("cluster", ["--cluster", dask.address])):
        ran = CliRunner().invoke(app, [*words, str(tmp_path / name), *more])
        assert ran.exit_code == 0, ran.stderr
    for name in ("runs.parquet", "weeks.parquet", "manifest.json"):
        plain, found = ((tmp_path / way / name).read_bytes() for way in ("plain", "cluster"))
        assert found == plain


def test_a_calibration_on_a_cluster(dask: Cluster) -> None:
    from sim.studies.ask import ask
    from sim.studies.verify import first_difference
    from tests.cases import tiny

    asked = tiny("calibrate")
    tables = [ask(asked, Execution(cluster=address)).tables for address in (None, dask.address)]
    assert first_difference(*tables) == ""


def test_workers_of_another_version_are_refused(
    dask: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "source_hash", lambda: "of another version")
    with pytest.raises(InputError, match=r"another version of codose .*same version on every"):
        study(cluster=dask.address)


# --- addresses -----------------------------------------------------------------------------------


def refused(address: str) -> str:
    """Why, without asking Dask, which would try again and again for half a minute."""
    asked: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "Client", lambda *given, **named: asked.append(given))
        with pytest.raises(InputError) as caught:
            study(cluster=address)
    assert not asked
    assert address in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:8786", "tcp://a:b", "tcp://a:0",
     "tcp://a:99999", "http://127.0.0.1:8786", "tcp://a b:1", "tcp://[::1:8786"],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    assert "not the address of a scheduler" in refused(address)


def test_nobody_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "no scheduler answers there" in refused(f"tcp://127.0.0.1:{port}")


def test_a_name_that_is_none() -> None:
    assert "no scheduler answers there" in refused("tcp://no-such-host.invalid:8786")


def test_who_listens_and_never_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PROBE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = refused(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert "nothing within 0.2 s" in text


def test_a_server_of_something_else(tmp_path: Path) -> None:
    code = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\nc, _ = s.accept()\nc.sendall(b'220 smtp ready')\n"
        "c.recv(1)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        text = refused(f"tcp://127.0.0.1:{int(server.stdout.readline())}")
        server.kill()
    assert "is not a Dask scheduler" in text


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert r"pip install 'codose[cluster]'" in refused("tcp://127.0.0.1:8786")


# --- docs/how-to/cluster.md ----------------------------------------------------------------------

DOCUMENT = (HERE.parent / "docs/how-to/cluster.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = "".join(re.findall(r"^```(?:console|bash)\n(.*?)^```$", DOCUMENT, re.M | re.S))
    return re.findall(r"^codose .*$", blocks.replace("\\\n", ""), re.M)


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_document_are_understood(line: str) -> None:
    words = shlex.split(line.replace("$SLURM_ARRAY_TASK_ID", "3"))[1:]
    group = typer.main.get_command(app)
    with group.make_context("codose", list(words)) as context:
        name, command, rest = group.resolve_command(context, list(words))  # type: ignore[attr-defined]
        with command.make_context(name, rest, parent=context):  # parses, and runs nothing
            pass


def test_the_document_has_every_way() -> None:
    text = "\n".join(commands())
    for option in ("--threads", "--resume", "--shard", "--cluster", "codose merge"):
        assert option in text


def test_python_of_the_document_runs() -> None:
    code = next(
        c for c in re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.M | re.S) if "RunPlan" in c
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "cluster.md", "exec"), {"__name__": "document"})
    first, second = (re.findall(r"0\.\d+", line) for line in printed.getvalue().splitlines())
    assert len(first) == 3
    assert [float(x) for x in first] == pytest.approx([float(x) for x in second], abs=1e-6)
    assert first == sorted(first), "a larger step of trust gives more trust"
