"""``codose serve``: the page for this machine alone; files are read by the commands' readers."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import InputError
from sim.page import reading
from sim.page.reading import MOST_BYTES, Reader, answer, clean_name, packed, unpacked
from sim.page.serve import PageServer
from sim.scenario.scenario import Scenario

REPO = Path(__file__).resolve().parents[1]
PAGE = "<!doctype html><title>page</title>"
LOG = (REPO / "scenarios" / "centre_log.csv").read_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer(PAGE, port=0) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()


def asked(
    server: PageServer, method: str = "GET", path: str = "/", body: bytes | None = None,
    **headers: str,
) -> http.client.HTTPResponse:  # fmt: skip
    """An answer of the server. Headers: ``sec_fetch_site`` is ``Sec-Fetch-Site``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=90)
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request(method, path, body, given)
    return connection.getresponse()


def read(server: PageServer, name: str, kind: str, body: bytes, **more: Any) -> dict[str, Any]:
    """What the server says about a file."""
    found = asked(server, "POST", "/read", packed({"name": name, "as": kind, **more}, body))
    return json.loads(found.read())


def read_here(name: str, kind: str, body: bytes, **more: Any) -> dict[str, Any]:
    """The same of this process: test_the_child_reads_what_stands_in_stdin."""
    return json.loads(json.dumps(answer(packed({"name": name, "as": kind, **more}, body))))


def test_the_page_is_shown_and_nothing_else(server: PageServer) -> None:
    found = asked(server)
    assert (found.status, found.read().decode()) == (200, PAGE)
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert asked(server, "HEAD").read() == b""
    for path in ("/index.html", "/..%2f..%2fetc/passwd", "/sim/", "//x", "/read"):
        assert asked(server, path=path).status == 404, path


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(server: PageServer, method: str) -> None:
    found = asked(server, method)
    assert (found.status, found.headers["Allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", ""]
)
def test_another_host_is_refused(server: PageServer, host: str) -> None:
    for method, path in (("GET", "/"), ("POST", "/read")):
        assert asked(server, method, path, b"", Host=host).status == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),  # a page from disk, or in a frame without an origin
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),  # another port of this machine
        ({}, 400),
    ],
)
def test_another_origin_may_not_have_files_read(
    server: PageServer, headers: dict[str, str], status: int
) -> None:
    assert asked(server, "POST", "/read", b"x", **headers).status == status


def test_the_page_itself_may(server: PageServer) -> None:
    request = packed({"name": "a.yaml", "as": "plan"}, b"name: A\n")
    for host in server.hosts:
        found = asked(
            server, "POST", "/read", request, Host=host, Origin=f"http://{host}",
            Sec_Fetch_Site="same-origin",
        )  # fmt: skip
        assert json.loads(found.read())["kind"] == "plans"


@pytest.mark.parametrize("length", ["", "-1", "x", "1e3", "٣"])
def test_a_request_needs_its_length(server: PageServer, length: str) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as line:
        head = f"POST /read HTTP/1.0\r\nHost: {server.hosts[0]}\r\nContent-Length: {length}\r\n\r\n"
        line.sendall(head.encode())
        assert b" 411 " in line.recv(200)


def test_a_large_file_is_refused_before_it_is_taken(server: PageServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as line:
        size = MOST_BYTES * 2
        head = f"POST /read HTTP/1.0\r\nHost: {server.hosts[0]}\r\nContent-Length: {size}\r\n\r\n"
        line.sendall(head.encode())
        assert b" 413 " in line.recv(200)


def test_what_is_no_request_is_refused(server: PageServer) -> None:
    for body in (b"", b"\0", b"\xff\xff\xff\xff{}", packed({"as": "else"}, b""), packed([], b"")):  # type: ignore[arg-type]
        found = asked(server, "POST", "/read", body)
        assert found.status == 400, body
        assert json.loads(found.read())["kind"] == "problems"
    assert asked(server, "POST", "/elsewhere", b"x").status == 404


def test_a_scenario_is_read_as_by_the_commands() -> None:
    text = (REPO / "scenarios" / "source.yaml").read_bytes()
    found = read_here("source.yaml", "plan", text)
    assert Scenario.from_dict(found["file"]["plans"][0]["scenario"]) == Scenario.shipped("source")


def test_mistakes_are_said_as_by_the_commands() -> None:
    text = b"name: A\nhorizon_wekks: 9\n"
    found = read_here("my plan.yaml", "plan", text)
    with pytest.raises(InputError) as error:
        Scenario.from_text(text.decode(), "my plan.yaml")
    assert found == {"kind": "problems", "problems": [str(one) for one in error.value.problems]}


def test_a_log_is_read(server: PageServer) -> None:
    found = read(server, "log.csv", "log", LOG)
    assert (found["kind"], len(found["rows"])) == ("log", 56)
    assert sum(held + lost for *_, held, _, lost in found["counts"]) == len(found["rows"])


def test_questions_are_asked_and_answered() -> None:
    log = b"Date,State,Type,Minutes\n3/3/2025,north,Zoom,90\n"
    found = read_here("tracker.csv", "log", log)
    assert found["kind"] == "questions"
    (question,) = found["questions"]
    assert (question["where"], question["options"][0]) == (["date", "order"], "month-first")
    known = found["map"]
    known["date"]["order"] = "month-first"
    again = read_here("tracker.csv", "log", log, map=known)
    assert (again["kind"], again["first_day"]) == ("log", "2025-03-03")


@pytest.mark.parametrize(
    ("name", "kind", "body", "said"),
    [
        ("l.xlsx", "log", b"PK\3\4not a zip", "is not a workbook that can be read"),
        ("l.csv", "log", b"\0\0\0", "l.csv"),
        ("l.csv", "log", b"", "l.csv"),
        ("a.yaml", "plan", b"\xff\xfe\0", "is not a text file"),
        ("a.yaml", "plan", b"a: " + b"[" * 100_000, "a.yaml"),
        ("a.yaml", "plan", b"x" * (2 * 2**20), "is too large"),
        ("s.csv", "survey", b"", "s.csv"),
    ],
)
def test_a_bad_file_is_a_sentence(
    server: PageServer, name: str, kind: str, body: bytes, said: str
) -> None:
    """What could end a process, or take its memory, is read by that of the server."""
    hard = name.endswith(".xlsx") or len(body) > 1000
    found = read(server, name, kind, body) if hard else read_here(name, kind, body)
    assert found["kind"] in ("problems", "questions")
    text = json.dumps(found)
    assert said in text
    assert "Traceback" not in text
    assert "/tmp" not in text


def test_a_workbook_with_several_sheets_is_asked_about() -> None:
    """A page has no option --sheet; the answer leads to the proposal for that sheet."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Staff"
    book.active.append(["Name", "Office"])
    contacts = book.create_sheet("Contacts")
    for row in (["Date", "Region", "Type", "Hours"], ["2026-03-09", "North", "Zoom", 1.5]):
        contacts.append(row)
    findings = book.create_sheet("Survey")
    for row in (["item", "wave", "mean", "sd", "n"], ["trust", "start", 3.9, 0.7, 21]):
        findings.append(row)
    packed_book = io.BytesIO()
    book.save(packed_book)
    body = packed_book.getvalue()
    for kind in ("log", "survey"):
        found = read_here("a.xlsx", kind, body)
        (question,) = found["questions"]
        assert (question["where"], found["map"]) == (["sheet"], {"sheet": "?"})
        assert question["options"] == ["Staff", "Contacts", "Survey"]
    log = read_here("a.xlsx", "log", body, map={"sheet": "Contacts"})
    assert (log["kind"], log["map"]["sheet"], len(log["rows"])) == ("log", "Contacts", 1)
    assert read_here("a.xlsx", "log", body, map=log["map"])["rows"] == log["rows"]
    survey = read_here("a.xlsx", "survey", body, map={"sheet": "Survey"})
    assert [
        one["kind"] for one in (survey, read_here("a.xlsx", "log", body, map={"sheet": "Survey"}))
    ] == ["survey", "questions"]


def test_a_file_may_name_no_other_file() -> None:
    text = b"name: A\ncontact_log: {file: ../../../etc/passwd}\n"
    found = read_here("a.yaml", "plan", text)
    assert found["kind"] == "problems"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../a.csv", "a.csv"), ("C:\\x\\a.csv", "a.csv"), ("a\0b.csv", "ab.csv"), ("", "file"),
        ("..", "file"), (None, "file"), ("x" * 300 + ".csv", "x" * 76 + ".csv"), (".csv", "csv"),
        ("a/", "a"),
    ],
)  # fmt: skip
def test_names_are_made_harmless(name: Any, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_request_comes_back() -> None:
    head = {"name": "a.csv", "as": "log", "map": {"x": 1}}
    assert unpacked(packed(head, b"\0abc")) == (head, b"\0abc")


# --- a reader that hangs or dies -----------------------------------------------------------------


def reader_that(monkeypatch: pytest.MonkeyPatch, code: str, seconds: float) -> Reader:
    """A reader whose process does something else."""
    real = subprocess.run

    def run(command: list[str], **more: Any) -> Any:
        return real([sys.executable, "-c", code], **more)

    monkeypatch.setattr(reading.subprocess, "run", run)
    return Reader(seconds)


REQUEST = packed({"name": "a.csv", "as": "log"}, b"")


def test_a_reader_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_that(monkeypatch, "import time; time.sleep(600)", 0.5)
    (said,) = reader.read(REQUEST)["problems"]
    assert said.startswith("a.csv: reading took more than")


@pytest.mark.parametrize("code", ["import os; os.abort()", "1/0", "print('x')", ""])
def test_a_reader_that_dies_costs_a_sentence(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    (said,) = reader_that(monkeypatch, code, 60).read(REQUEST)["problems"]
    assert said == "a.csv: cannot be read here; try 'codose import log a.csv', which says more"


def test_files_wait_their_turn_and_too_many_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader()
    at_work: list[int] = []
    most: list[int] = []
    go = threading.Event()

    def slow(self: Reader, head: Any, request: bytes) -> dict[str, Any]:
        at_work.append(1)
        most.append(len(at_work))
        go.wait(60)
        at_work.pop()
        return {"kind": "log"}

    monkeypatch.setattr(Reader, "_read", slow)
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(reader.read, REQUEST) for _ in range(20)]
        while sum(one.done() for one in waiting) < 20 - reading.MOST_WAITING:
            pass
        go.set()
        found = [one.result() for one in waiting]
    assert max(most) == 1
    assert sum(one["kind"] == "log" for one in found) == reading.MOST_WAITING
    assert {one["problems"][0] for one in found if one["kind"] != "log"} == {reading.BUSY}


def test_the_child_reads_what_stands_in_stdin() -> None:
    request = packed({"name": "l.csv", "as": "log"}, LOG)
    done = subprocess.run(
        [sys.executable, "-m", "sim.page.reading"],
        input=request, capture_output=True, cwd=REPO, check=True,
    )  # fmt: skip
    here = json.loads(json.dumps(answer(request)))
    assert json.loads(done.stdout) == here


# --- the command ---------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_said_and_another_found(server: PageServer) -> None:
    with pytest.raises(InputError, match=r"port \d+ cannot be used"):
        PageServer(PAGE, port=server.server_port)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_says_its_address_and_ends_with_ctrl_c() -> None:
    code = "from sim.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "source", "--port", "0"], cwd=REPO, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"http://127\.0\.0\.1:(\d+)/ \(only this machine", line)
    assert found, line
    connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
    connection.request("GET", "/")
    html = connection.getresponse().read().decode()
    assert '"served":true' in html
    assert "connect-src 'self'" in html
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
