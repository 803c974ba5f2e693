"""The page as one file: :func:`page_html` joins app, engine, styles, words and data in one HTML.

The file opens from disk and loads nothing: its content security policy allows its own script and
its own styles, by their hashes, and nothing else.

>>> html = page_html(page_data())
>>> html.startswith("<!doctype html>"), "connect-src 'none'" in html
(True, True)
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from sim.engine import artefact
from sim.page.data import page_data
from sim.present.table import plain_data

__all__ = ["page_data", "page_html", "policy"]

HERE = Path(__file__).parent
DIST = HERE / "dist"
ENDS_SCRIPT = re.compile(r"<(?=/script|!--|script)", re.IGNORECASE)
"""Text that would end a script in HTML, or open a comment in it."""
WITHOUT_SCRIPT = "This page computes in your browser and needs JavaScript, which is switched off."


def page_html(data: Mapping[str, Any], *, title: str = "codose", dist: Path = DIST) -> str:
    """The page as HTML.

    Args:
        data: the data of the page, from :func:`sim.page.data.page_data`.
        title: the title of the window until a plan is open.
        dist: the folder of the built app.

    Returns:
        One self-contained document, UTF-8.
    """
    app = script_text((dist / "app.js").read_text(encoding="utf-8"))
    style = style_text(dist / "app.css")
    parts = {
        "policy": policy(app, style, served=bool(data["served"])),
        "version": escape(str(data["version"])),
        "title": escape(title),
        "style": style,
        "starting": "Starting ...",
        "noscript": WITHOUT_SCRIPT,
        "data": json_text(data),
        "layout": json_text(json.loads((artefact.SHIPPED / "layout.json").read_text("utf-8"))),
        "wasm": base64.b64encode((artefact.SHIPPED / "engine.wasm").read_bytes()).decode("ascii"),
        "app": app,
    }
    shell = (HERE / "shell.html").read_text(encoding="utf-8")
    # One pass, so that no text within a part is mistaken for a placeholder.
    return re.sub(r"@(\w+)@", lambda found: parts[found.group(1)], shell)


def policy(app: str, style: str, *, served: bool = False) -> str:
    """The content security policy of a page with this script and these styles."""
    return "; ".join((
        "default-src 'none'",
        f"script-src '{_hash(app)}' 'wasm-unsafe-eval'",
        "worker-src blob:",
        f"style-src '{_hash(style)}'",
        "img-src data: blob:",
        f"connect-src {chr(39)}{'self' if served else 'none'}{chr(39)}",
        "form-action 'none'",
        "base-uri 'none'",
    ))  # fmt: skip


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def json_text(data: Any) -> str:
    """JSON for a script element; null stands for NaN and infinity.

    >>> json_text({"name": "</script>", "high": float("inf")})
    '{"name":"\\\\u003c/script>","high":null}'
    """
    text = json.dumps(plain_data(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A lone surrogate is no text and cannot be written.
    return text.replace("<", "\\u003c").encode("utf-8", "replace").decode()


def script_text(source: str) -> str:
    r"""JavaScript for a script element, where its hash stays the same.

    >>> script_text('say("</script>")\r\n')
    'say("\\x3c/script>")\n'
    """
    return ENDS_SCRIPT.sub(r"\\x3c", source.replace("\r\n", "\n").replace("\r", "\n"))


def style_text(path: Path) -> str:
    """The styles of the app for a style element."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return re.sub(r"<(?=/style|!--)", r"\\3c ", text, flags=re.IGNORECASE).replace("\r\n", "\n")
