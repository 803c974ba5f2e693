"""``codose serve`` as a command: where it listens and what it says, errors without tracebacks."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="codose[web] is not installed")

from sim.cli import serve as command
from sim.errors import InputError
from sim.web import address, downloads, plan_map
from sim.web.answer import answer
from sim.web.desk import Desk, Job, Visitor
from sim.web.levers import apply, read
from sim.web.session import OURS, Session

CODE = "from sim.cli import main; main()"


def serve(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, "serve", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def local() -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    process = serve("--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(
        r"The page is at (http://127\.0\.0\.1:(\d+)/)  \(Ctrl-C stops it\)\n", line
    )
    assert found, line
    yield process, found.group(1), int(found.group(2))
    process.terminate()
    process.communicate(timeout=30)


def test_it_listens_on_loopback_alone(local: tuple[Any, str, int]) -> None:
    process, _, port = local
    wanted = f"{port:04X}"
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
            host, _, number = line.split()[1].partition(":")
            if number == wanted and line.split()[3] == "0A":
                listening.add(host)
    assert listening == {"0100007F"}  # 127.0.0.1, and nothing else


def test_a_browser_is_held_to_this_host(local: tuple[Any, str, int]) -> None:
    with urllib.request.urlopen(local[1], timeout=30) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
        page = response.read().decode()
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)


def test_what_is_not_there_is_a_sentence(local: tuple[Any, str, int]) -> None:
    for path in ("nowhere", "sheet/nothing", "take/a/b"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(local[1] + path, timeout=30)
        assert caught.value.code == 404
        page = caught.value.read().decode()
        assert "Traceback" not in page
        assert "<p>" in page


def test_a_taken_port_is_a_sentence() -> None:
    refused = pytest.raises(InputError, match=r"cannot listen on 127\.0\.0\.1.*a free port")
    with socket.create_server(("127.0.0.1", 0)) as taken, refused:
        command._serve("127.0.0.1", taken.getsockname()[1], 1, False)


def test_another_host_says_what_it_means(capfd: pytest.CaptureFixture[str]) -> None:
    # What --host 0.0.0.0 prints; nothing is opened to the network for it.
    for host in ("0.0.0.0", "::", "192.0.2.7"):
        command._announce(host, 8080)
        found = "".join(capfd.readouterr())
        assert f"Listening on {host}" in found
        for part in ("everyone who can reach this machine", "no password", "no encryption"):
            assert part in found, part
    for host in command.LOCAL:
        command._announce(host, 8080)
        assert "Listening on" not in "".join(capfd.readouterr())


@pytest.mark.skipif(find_spec("solara") is not None, reason="codose[mesa-page] is installed")
def test_mesa_s_page_names_its_extra() -> None:
    process = serve("--mesa")
    _, words = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "codose[mesa-page]" in words.replace("\n", "")


# --- errors -----------------------------------------------------------------------------------


class Board:
    """Where a page says what is wrong."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def show(self, wrong: Any, head: str = "") -> None:
        self.said.append(wrong)


def page() -> tuple[Session, Board]:
    """A session without a browser."""
    made, board = Session.__new__(Session), Board()
    made.visitor, made.problems = Visitor(1), board  # type: ignore[assignment]
    return made, board


def test_a_mistake_of_ours_is_a_sentence_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    made, board = page()

    async def broken() -> None:
        raise ZeroDivisionError("a secret of the machine")

    with caplog.at_level(logging.ERROR, "codose.web"):
        asyncio.run(made.guard(broken)())
    assert board.said == [OURS]
    assert "a secret of the machine" in caplog.text


def test_a_mistake_of_the_visitor_is_told_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    made, board = page()
    wrong = InputError("too many visits")

    async def refused() -> None:
        raise wrong

    asyncio.run(made.guard(refused)())
    assert board.said == [wrong]
    assert not caplog.records


# --- lines at the desk ------------------------------------------------------------------------


def test_a_report_is_not_lost_when_a_slider_moves() -> None:
    async def scene() -> tuple[Any, Any]:
        desk = Desk(threads=1)
        visitor = desk.arrive()
        report = asyncio.create_task(desk.quick(visitor, lambda: "report", "report"))
        await asyncio.sleep(0)
        answered = await desk.quick(visitor, lambda: "answer")
        found = await report, answered
        desk.close()
        return found

    assert asyncio.run(scene()) == ("report", "answer")


# --- more than one kind of remote contact -----------------------------------------------------


def test_a_second_kind_of_remote_contact_leaves_the_first_alone() -> None:
    start = address.shipped().start
    moved = apply(start, {"more": 2.0, "more_hours": 0.25, "more_mode": "email"})
    assert moved.dosage[:2] == start.dosage
    assert (moved.dosage[2].mode, moved.dosage[2].hours) == ("email", 0.25)
    assert read(moved)["more"] == 2.0
    assert apply(moved, {"more": 0.0}).dosage == start.dosage
    back, _ = address.parse(
        address.query(address.Plan("source", start, {"more_mode": "email"})) or ""
    )
    assert back.changes == {"more_mode": "email"}


# --- the cheapest plan ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked_out() -> plan_map.DosageMap:
    job = Job(1, Visitor(1))
    made = plan_map.work_out(address.shipped("classroom").start, "knowledge", 0.6, job)
    assert 0 < job.done <= job.total
    return made


def test_the_cheapest_meets_its_target_on_luck_of_its_own(worked_out: plan_map.DosageMap) -> None:
    # By the runs themselves, on other luck again: 0.8 less three standard errors of both.
    from study_case import summaries

    from sim.study.plausible import plausible_sets

    assert worked_out.best
    for one in worked_out.best.values():
        scenario = worked_out.found.scenario_of(one.cell)
        sets = plausible_sets(50, seed=7).within(scenario)
        values = summaries(scenario, sets, 4, 99, [scenario.end_of_ta], first=500)
        assert (values.of("knowledge") >= 0.6).mean() > 0.8 - 3 * (0.16 / 160 + 0.16 / 200) ** 0.5
        assert values.of("cost").mean() == pytest.approx(one.cost, rel=0.1)


def test_no_cheaper_cell_of_the_map_was_clearly_sure(worked_out: plan_map.DosageMap) -> None:
    for mode, one in worked_out.best.items():
        cheaper = worked_out.cost[mode] < 0.97 * one.cost
        assert (worked_out.chance[mode][cheaper] < 0.97).all(), mode


def test_a_target_out_of_reach_has_no_cheapest() -> None:
    made = plan_map.work_out(
        address.shipped("classroom").start, "knowledge", 0.99, Job(1, Visitor(1))
    )
    assert made.best == {}


def test_a_report_carries_the_figures_of_the_page() -> None:
    found = answer(address.shipped("classroom").scenario())
    text = downloads.report_of(found)
    for outcome in ("Trust", "Mutual accountability", "Integration", "Knowledge"):
        assert f"<figcaption>{outcome}" in text
    middle = f"{found.with_ta['trust'].middle[-1]:.4f}".rstrip("0")
    assert middle in text.rpartition("for (const [place, figure] of ")[2]
    assert "default-src 'none'" in text
