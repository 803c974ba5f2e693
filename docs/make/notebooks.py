"""Execute the notebooks: ``notebooks/NAME.py`` (the source, jupytext percent) -> ``NAME.ipynb``.

    python docs/make/notebooks.py              all of them
    python docs/make/notebooks.py 02 05        those whose names begin so

The same sources give the same text outputs on every machine. What a code host cannot show (live
sliders) is left out of the file; running the notebook brings it back.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from pictures import small

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
SECONDS = 60
"""A notebook has to be done by then."""
WIDTH = 1000
"""Pixels of a picture at most: every notebook is in every archive."""
LIVE = ("application/vnd.jupyter.widget-view+json",)


def sources() -> list[Path]:
    """The percent scripts, in order of their numbers."""
    return sorted(FOLDER.glob("[0-9]*.py"))


def read(source: Path) -> nbformat.NotebookNode:
    """The notebook of a percent script, not yet executed; cells are numbered, not named at
    random."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def executed(source: Path) -> nbformat.NotebookNode:
    """The same with outputs. A cell that fails ends it with the cell's error."""
    from nbclient import NotebookClient

    notebook = read(source)
    inherited = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "CODOSE_PROGRESS": "off",
    }
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        store_widget_state=True,
    )
    client.execute(env=inherited)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # clock times
        cell["outputs"] = [kept for one in cell.get("outputs", ()) if (kept := _kept(one))]
        if cell.cell_type != "code":
            del cell["outputs"]
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = nbformat.from_dict({"name": "python"})
    return notebook


def _kept(output: Any) -> Any:
    """An output without what only a running kernel can show; None when nothing is left."""
    if output.output_type == "stream" and output.name == "stderr":
        return None
    shown = output.get("data", {})
    if any(kind in shown for kind in LIVE):
        return None
    if picture := shown.get("image/png"):
        shown["image/png"] = (
            base64.b64encode(small(base64.b64decode(picture), WIDTH)).decode() + "\n"
        )
    return output


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """What the cells print and show as text, one string a code cell: comparable over machines."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        parts = []
        for output in cell.outputs:
            if output.output_type == "stream":
                parts.append(output.text)
            elif "image/png" not in output.get("data", {}):
                parts.append(output.get("data", {}).get("text/plain", ""))
        found.append("".join(parts))
    return found


def main(chosen: list[str]) -> None:
    """Write the notebooks whose names begin as asked (all, when nothing is asked)."""
    for source in sources():
        if chosen and not any(source.name.startswith(start) for start in chosen):
            continue
        begin = time.perf_counter()
        nbformat.write(executed(source), source.with_suffix(".ipynb"))
        print(f"{source.stem}: {time.perf_counter() - begin:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
