"""``codose serve``: the page for planners and for a class."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sim.cli import shell
from sim.errors import InputError, Problem

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on. Others than 127.0.0.1 let others in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    threads: Annotated[
        int, typer.Option(min=1, max=64, help="Threads that work for visitors' sliders.")
    ] = 2,
    show: Annotated[bool, typer.Option("--show", help="Open a browser.")] = False,
    mesa: Annotated[
        bool, typer.Option("--mesa", help="Mesa's own page of the classroom model (SolaraViz).")
    ] = False,
) -> None:
    """Serve the page: plan, see, and what it rests on.

    Only this machine can reach it unless --host says otherwise. Needs codose[web].

    \b
    Examples:
      codose serve
      codose serve --port 9000 --show
      codose serve --host 0.0.0.0      others in the network can use it too
    """
    if mesa:
        _serve_mesa(host, port)
        return
    _check_extra()
    _serve(host, port, threads, show)


def _check_extra(package: str = "nicegui", extra: str = "web") -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise InputError(
            Problem(
                "the page needs packages that are not installed",
                allowed=f"pip install 'codose[{extra}]'",
            )
        )


def _serve_mesa(host: str, port: int) -> None:
    """Solara serves its own page, as its own command and in this process's place: whoever ends this
    process ends the server."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    _check_extra("solara", "mesa-page")
    page = Path(__file__).parents[1] / "web" / "mesa_app.py"
    _announce(host, port)
    command = [
        sys.executable, "-m", "solara", "run", str(page), "--host", host, "--port", str(port),
        "--production", "--no-open", "--no-check-version",
    ]  # fmt: skip
    # Solara would count its users elsewhere: nothing of this page asks anything of another host.
    quiet = {**os.environ, "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False"}
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(sys.executable, command, quiet)
    try:
        code = subprocess.call(command, env=quiet)
    except KeyboardInterrupt:
        code = 0
    raise typer.Exit(code)


def _serve(host: str, port: int, threads: int, show: bool) -> None:
    import socket
    import sys

    import uvicorn

    from sim.web.answer import warm
    from sim.web.app import create

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            Problem(f"cannot listen on {host}, port {port} ({reason})", "--port", port,
                    "a free port; 0 takes any")
        ) from None  # fmt: skip
    listener.listen(512)
    # Threads at work hand over sooner to the loop that speaks to browsers.
    sys.setswitchinterval(0.001)
    bound = listener.getsockname()[1]
    config = uvicorn.Config(
        create(threads), log_level="warning", ws_max_size=4 * 1024 * 1024,
        timeout_graceful_shutdown=3,
        server_header=False,
    )  # fmt: skip
    warm()
    _announce(host, bound)
    if show:
        import webbrowser

        webbrowser.open(f"http://{_shown(host)}:{bound}/")
    _run(uvicorn.Server(config), listener)


def _run(server: Any, listener: Any) -> None:
    """Serve until Ctrl-C, which is how a server ends and no mishap."""
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
    shell.remark("stopped")


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _announce(host: str, port: int) -> None:
    typer.echo(f"The page is at http://{_shown(host)}:{port}/  (Ctrl-C stops it)")
    if host not in LOCAL:
        shell.remark(
            f"Listening on {host}: everyone who can reach this machine in the network can open the "
            "page and use its processors. There is no password and no encryption; put a web server "
            "with both in front of it before you open it to more than a room."
        )
