"""The parts that pages are made of: tags, levers, choices, the frame around every view."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element

from sim.errors import InputError, Problem

STATIC = Path(__file__).parent / "static"
VIEWS = (("/", "Plan"), ("/see", "See"), ("/rests", "Rests on"))
WHAT_IF = (
    "What if, not forecast: every number here follows from assumptions that you can read "
    "and change."
)


def text(value: object) -> str:
    """Text made safe for HTML."""
    return html.escape(str(value), quote=True)


class Tag(Element):
    """An HTML element, with attributes and text of its own.

    Attributes are given as keywords; ``_`` stands for ``-`` and a trailing one is dropped
    (``class_``, ``aria_label``).
    """

    def __init__(self, tag: str, words: str = "", **attributes: Any) -> None:
        super().__init__(tag)
        self._text = words or None
        self.put(**attributes)

    def put(self, **attributes: Any) -> Tag:
        """Set attributes; None takes one away."""
        for name, value in attributes.items():
            key = name.rstrip("_").replace("_", "-")
            if key == "class":
                self.classes(replace=str(value))
            elif value is None:
                self._props.pop(key, None)
            else:
                self._props[key] = value
        self.update()
        return self

    def say(self, words: str) -> None:
        """Replace the text."""
        if self._text != words:
            self._text = words
            self.update()


def island(markup: str = "", tag: str = "div", **attributes: Any) -> ui.html:
    """A piece of HTML that is written by us (every text in it went through :func:`text`)."""
    made = ui.html(markup, sanitize=False, tag=tag)
    for name, value in attributes.items():
        key = name.rstrip("_").replace("_", "-")
        if key == "class":
            made.classes(replace=str(value))
        else:
            made._props[key] = value
    return made


def button(words: str, act: Callable[..., Any], kind: str = "", **attributes: Any) -> Tag:
    """A button."""
    made = Tag("button", words, type="button", class_=f"b {kind}".strip(), **attributes)
    made.on("click", act, args=[])
    return made


class Lever(Element, component=STATIC / "lever.js"):
    """A number with its slider."""

    def __init__(
        self,
        name: str,
        label: str,
        unit: str,
        limits: tuple[float, float, float],
        value: float,
        on_change: Callable[[str, float], Any],
        *,
        hint: str = "",
        rhythm: bool = False,
    ) -> None:
        super().__init__()
        low, high, step = limits
        self._props.update(
            name=name, label=label, unit=unit, low=low, high=high, step=step, value=value,
            hint=hint, rhythm=rhythm, moved=False,
        )  # fmt: skip
        self.on("change", lambda event: _if(int | float, event.args, on_change, name))

    def put(self, value: float, moved: bool, **more: Any) -> None:
        """Where it stands, and whether somebody moved it."""
        self._props.update(value=value, moved=moved, **more)
        self.update()

    def reset(self) -> None:
        """Take back what was typed and could not be used."""
        self.run_method("reset")


class Choice(Element, component=STATIC / "choice.js"):
    """A labelled list to choose from."""

    def __init__(
        self,
        name: str,
        label: str,
        options: Iterable[tuple[str, str]],
        value: str,
        on_change: Callable[[str], Any],
    ) -> None:
        super().__init__()
        shown = [list(option) for option in options]
        self._props.update(name=name, label=label, options=shown, value=value)
        self.on("change", lambda event: _if(str, event.args, on_change))

    def put(self, value: str, options: Iterable[tuple[str, str]] | None = None) -> None:
        """What is chosen (and from what)."""
        if options is not None:
            self._props["options"] = [list(option) for option in options]
        self._props["value"] = value
        self.update()


def _if(kind: Any, value: Any, act: Callable[..., Any], *more: Any) -> Any:
    """Act on what a browser sent only when it is of the kind that our own parts send."""
    return act(*more, value) if isinstance(value, kind) else None


class Drop(Element, component=STATIC / "drop.js"):
    """Where a scenario file is dropped or chosen; it is posted to ``/drop/TOKEN``."""

    def __init__(self, token: str, label: str, limit: int, refused: Callable[[str], Any]) -> None:
        super().__init__()
        self._props.update(token=token, label=label, limit=limit)
        self.on("refused", lambda event: refused(str(event.args)))


class Problems:
    """The one place of a page where it says what cannot be used; read out at once."""

    def __init__(self) -> None:
        self._island = island("", class_="problems", role="alert")

    def clear(self) -> None:
        """Nothing is wrong (any more)."""
        self._island.set_content("")

    def show(self, wrong: InputError | str, head: str = "") -> None:
        """Say what is wrong, every mistake."""
        found: list[Problem | str] = (
            list(wrong.problems) if isinstance(wrong, InputError) else [wrong]
        )
        lines = [text(one) for one in found]
        body = lines[0] if len(lines) == 1 else "<ul><li>" + "</li><li>".join(lines) + "</li></ul>"
        title = f"<strong>{text(head)}</strong> " if head else ""
        self._island.set_content(f"<div>{title}{body}</div>")


def frame(view: str, title: str, query: str = "") -> tuple[Element, list[Tag]]:
    """The frame of a page. Returns the element to build in, and the links of the views."""
    client = ui.context.client
    client.title = f"{title} · codose"
    links = []
    with client.layout:
        head = Tag("header", class_="top")
        with head:
            Tag("a", "Skip to the content", href="#content", class_="skip")
            with Tag("div", class_="top-in"):
                Tag("a", "codose", href="/", class_="brand")
                with Tag("nav", aria_label="Views"):
                    for path, name in VIEWS:
                        link = Tag("a", name, href=path + (f"?{query}" if query else ""))
                        if name == view:
                            link.put(aria_current="page")
                        links.append(link)
                theme = Tag("button", "Theme: auto", type="button", class_="b quiet",
                            data_theme_button="")  # fmt: skip
                theme.on("click", js_handler="() => codoseTheme()")
            with Tag("div", class_="whatif"):
                Tag("p", WHAT_IF)
        head.move(client.layout, target_index=0)
    body = Tag("div", id_="content", class_="wrap", tabindex="-1")
    return body, links


def link_views(links: list[Tag], query: str) -> None:
    """Let the links of the views carry the plan."""
    for link, (path, _) in zip(links, VIEWS, strict=True):
        link.put(href=path + (f"?{query}" if query else ""))


def file_name(words: str, suffix: str) -> str:
    """A harmless file name.

    >>> file_name("Source case: three ready regions", "yaml")
    'source-case-three-ready-regions.yaml'
    """
    stem = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60] or "plan"
    return f"{stem}.{suffix}"


def encoded(path: str) -> str:
    """A path for an address."""
    return quote(path)
