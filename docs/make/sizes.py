"""Sizes of the Python under a folder: lines, docstrings, functions, arguments, circles of imports.

    python docs/make/sizes.py            # of sim, in this checkout
    python docs/make/sizes.py FOLDER     # of another one, such as that of an older version

Code is a line that holds a token which is neither docstring nor comment; a circle is a set of files
that import each other, directly or through others; a floor is how many files deep imports go.
"""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from pathlib import Path

_NO_CODE = (
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER, tokenize.ENCODING,
)  # fmt: skip


def docstring_lines(tree: ast.AST) -> set[int]:
    """Numbers of the lines that docstrings take."""
    found: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for first in body:  # attributes have docstrings too
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                found.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def code_lines(source: str) -> set[int]:
    """Numbers of the lines that hold code."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    return found


def functions(tree: ast.AST) -> list[tuple[int, int, str]]:
    """Lines, arguments and name of every function."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            words = node.args
            count = len(words.posonlyargs) + len(words.args) + len(words.kwonlyargs)
            own = [word.arg for word in (*words.posonlyargs, *words.args)][:1]
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            found.append((lines, count - (own in (["self"], ["cls"])), node.name))
    return found


def imports(module: str, is_package: bool, tree: ast.AST, known: set[str]) -> set[str]:
    """The modules of the same package that one imports when it is itself imported."""
    found: set[str] = set()
    for node in tree.body:  # type: ignore[attr-defined]
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")[: None if is_package else -1]
                base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                found.add(name if name in known else base)
    return (found & known) - {module}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of modules that import each other."""
    reach = {name: set(others) for name, others in graph.items()}
    changed = True
    while changed:
        changed = False
        for name in reach:
            more = reach[name].union(*(reach[other] for other in reach[name]))
            changed |= more != reach[name]
            reach[name] = more
    left = {name for name in graph if name in reach[name]}
    found = []
    while left:
        one = next(iter(sorted(left)))
        circle = {other for other in left if one in reach[other] and other in reach[one]}
        found.append(circle)
        left -= circle
    return found


def floors(graph: dict[str, set[str]]) -> int:
    """How many files stand above each other in the longest chain of imports."""
    known: dict[str, int] = {}

    def height(name: str, above: frozenset[str]) -> int:
        if name not in known:
            below = [height(o, above | {name}) for o in graph[name] if o not in above]
            known[name] = 1 + max(below, default=0)
        return known[name]

    return max((height(name, frozenset()) for name in graph), default=0)


def measure(folder: Path) -> dict[str, object]:
    """Everything about a package."""
    paths = sorted(p for p in folder.rglob("*.py") if "_files" not in p.parts)
    names = {}
    for path in paths:
        parts = path.relative_to(folder.parent).with_suffix("").parts
        names[path] = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    lines = code = docs = 0
    made: list[tuple[int, int, str]] = []
    graph = {}
    for path in paths:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        texts = docstring_lines(tree)
        lines += len(source.splitlines())
        docs += len(texts)
        code += len(code_lines(source) - texts)
        made += functions(tree)
        module = names[path]
        graph[module] = imports(module, path.name == "__init__.py", tree, set(names.values()))
    lengths = [length for length, _, _ in made]
    most = max(made, key=lambda one: one[1])
    entries = {
        p.name for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    return {
        "entries of the folder": len(entries),
        "files": len(paths),
        "lines": lines,
        "lines of code": code,
        "lines of docstrings": docs,
        "docstring lines a line of code": round(docs / code, 2),
        "functions": len(made),
        "median length of a function": statistics.median(lengths),
        "longest function": max(lengths),
        "most arguments": f"{most[1]} ({most[2]})",
        "functions with 6 arguments or more": sum(count >= 6 for _, count, _ in made),
        "circles of files": len(circles(graph)),
        "floors": floors(graph),
    }


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "sim"
    for what, value in measure(chosen.resolve()).items():
        number = f"{value:,}" if isinstance(value, int) else str(value)
        sys.stdout.write(f"{what:36} {number}\n")
