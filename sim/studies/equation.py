"""Equation: an equation that is written once, read as plain text, set in TeX and tested.

The template of the ODD holds equations as a person would type them. A product needs no sign
(``eta rho F``), a name with a bracket right behind it is a function (``max(0, x)``), and a comment
behind ``#`` explains a line. :func:`python` turns such text into a Python expression, :func:`tex`
sets it, and ``tests/test_equations.py`` evaluates it against :mod:`sim.core.rules`.

>>> python("k + alpha_k rho (1 - k)")
'k + alpha_k*rho*(1 - k)'
>>> tex("k + alpha_k rho (1 - k)/h0")
'k + \\\\alpha_k\\\\,\\\\rho\\\\,\\\\frac{1 - k}{h_0}'
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

GREEK = {
    "alpha": r"\alpha", "beta": r"\beta", "gam": r"\gamma", "delta": r"\delta", "eta": r"\eta",
    "theta": r"\theta", "kappa": r"\kappa", "lam": r"\lambda", "mu": r"\mu", "nu": r"\nu",
    "rho": r"\rho", "tau": r"\tau", "phi": r"\phi", "omega": r"\omega",
}  # fmt: skip
OWN = {"aP": "a^P", "aP0": "a^P_0", "aP_mu": r"a^P_{\mu}", "nP": "n^P", "k_j0": "k_{0,j}"}
"""The TeX of names whose letters do not show how they are set."""
FUNCTIONS = {"sigma": r"\sigma", "exp": r"\exp", "min": r"\min", "max": r"\max"}
"""The TeX of functions that are not set as words."""
_TOKEN = re.compile(r"\s*(?:(\d*\.?\d+(?:e-?\d+)?)|([A-Za-z]\w*)|(:=|<=|>=|==|\*\*|[-+*/^()<>=,]))")
_WORDS = {"if", "else", "and", "or", "not"}


@dataclass(frozen=True, slots=True)
class Equation:
    """One line of a block.

    Attributes:
        left: the name that gets a value; empty for an expression alone.
        sign: ``=`` for a definition, ``:=`` where a state takes a new value.
        right: the expression.
        words: the meaning of the line.
    """

    left: str
    sign: str
    right: str
    words: str = ""

    @property
    def tex(self) -> str:
        """The line in TeX.

        >>> Equation("R", ":=", "R + rho_R (mean(u) - R)").tex
        'R \\\\leftarrow R + \\\\rho_R\\\\,(\\\\overline{u} - R)'
        """
        sign = r"\leftarrow" if self.sign == ":=" else "="
        return f"{_left(self.left)} {sign} {tex(self.right)}"


def equations(block: str) -> list[Equation]:
    """The lines of a block; a line that begins with blanks continues the line above it.

    Raises:
        ValueError: a line has no sign ``=`` or ``:=``.

    >>> equations("tau := min(1,\\n   tau)  # nonsense")
    [Equation(left='tau', sign=':=', right='min(1, tau)', words='nonsense')]
    """
    found = []
    for line in re.sub(r"\n[ \t]+", " ", block.strip()).splitlines():
        text, _, words = line.partition("#")
        parts = re.fullmatch(r"(.+?) (:=|=) (.+)", text.strip())
        if parts is None:
            raise ValueError(f"no equation: {line!r}")
        found.append(Equation(parts[1].strip(), parts[2], parts[3].strip(), words.strip()))
    return found


def block_table(block: str) -> str:
    """A block of equations as a Markdown table, each beside its words.

    >>> print(block_table("a = b  # the same"))
    | equation | in words |
    | --- | --- |
    | $a = b$ | the same |
    """
    large = (
        (re.sub(r"(?<!\^\{)\\frac", r"\\dfrac", one.tex), one.words) for one in equations(block)
    )
    rows = [f"| ${shown}$ | {words} |" for shown, words in large]
    return "\n".join(["| equation | in words |", "| --- | --- |", *rows])


def line_tex(text: str) -> str:
    """An expression or an equation in TeX, for use within a sentence.

    Raises:
        ValueError: the text is neither an expression nor an equation.

    >>> line_tex("k = k0"), line_tex("x")
    ('k = k_0', 'x')
    """
    if text == ":=":
        return r"\leftarrow"
    return equations(text)[0].tex if re.search(r" :?= ", text) else tex(text)


def names(text: str) -> set[str]:
    """The names that an expression uses, functions left out.

    >>> sorted(names("min(1, eta rho) (y - tau)"))
    ['eta', 'rho', 'tau', 'y']
    """
    tree = ast.parse(python(text), mode="eval")
    called = {id(one.func) for one in ast.walk(tree) if isinstance(one, ast.Call)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called}


def python(text: str) -> str:
    """An expression as Python: with signs of products, and powers written as ``**``.

    Raises:
        ValueError: the text holds something that is no part of an expression.
    """
    out: list[str] = []
    before = ""
    for token, called in _tokens(text):
        product = (
            before
            and (before == ")" or _is_value(before))
            and (token == "(" or _is_value(token))
            and not (token == "(" and called)
        )
        if product:
            out.append("*")
        elif out and token not in ")," and out[-1] != "(" and not (token == "(" and called):
            out.append("" if token in "*/^" or out[-1] in ("*", "/", "**") else " ")
        out.append({"^": "**"}.get(token, token))
        before = token
    return "".join(out)


def tex(text: str) -> str:
    """An expression in TeX.

    Raises:
        ValueError: the text is no expression.
    """
    try:
        return _set(ast.parse(python(text), mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"no expression: {text!r}") from error


# --- reading ---------------------------------------------------------------------------------


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Each token, and whether it is a bracket that belongs to a function."""
    place = 0
    text = text.rstrip()
    before = ""
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"no part of an expression: {text[place:]!r}")
        token = match[match.lastindex or 0]
        close = not text[place : match.end()].startswith(" ")
        yield token, token == "(" and close and re.match(r"[A-Za-z]", before) is not None
        before, place = token, match.end()


def _is_value(token: str) -> bool:
    return re.match(r"[\dA-Za-z.]", token) is not None and token not in _WORDS


# --- setting ---------------------------------------------------------------------------------

_BINDS = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.Pow: 4}
_SIGNS = {ast.Add: (" + ", 1, 1), ast.Sub: (" - ", 1, 2), ast.Mult: (r"\,", 2, 2)}
"""The sign of an operation, and how closely what stands before and behind it must bind."""
_AROUND = {
    "sqrt": (r"\sqrt{", "}"), "mean": (r"\overline{", "}"), "floor": (r"\lfloor ", r" \rfloor")
}  # fmt: skip
"""What stands around the argument of a function that is not set as a word."""
_COMPARES = {ast.Lt: "<", ast.LtE: r"\le", ast.Gt: ">", ast.GtE: r"\ge", ast.Eq: "="}


def symbol(name: str) -> str:
    """A name in TeX.

    >>> symbol("lam_tau"), symbol("c_rate"), symbol("prep0"), symbol("k_mu")
    ('\\\\lambda_{\\\\tau}', 'c_{\\\\text{rate}}', '\\\\text{prep}_0', 'k_{\\\\mu}')
    """
    if name in OWN:
        return OWN[name]
    base, _, below = name.partition("_")
    digits = re.fullmatch(r"([A-Za-z]+)(\d+)", base)
    if digits and not below:
        base, below = digits[1], digits[2]
    shown = GREEK.get(base) or (base if len(base) == 1 else rf"\text{{{base}}}")
    if not below:
        return shown
    under = GREEK.get(below) or (below if len(below) == 1 else rf"\text{{{below}}}")
    return f"{shown}_{under}" if len(under) == 1 else f"{shown}_{{{under}}}"


def _left(text: str) -> str:
    chance = re.fullmatch(r"P\((.+)\)", text)
    return rf"\Pr(\text{{{chance[1]}}})" if chance else tex(text)


def _strength(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        return 5 if isinstance(node.op, ast.Div) else _BINDS[type(node.op)]
    if isinstance(node, ast.UnaryOp):
        return 1
    return 0 if isinstance(node, ast.IfExp | ast.Compare | ast.BoolOp) else 6


def _in(node: ast.expr, least: int) -> str:
    """A part in TeX, with brackets where it binds more loosely than its surroundings."""
    shown = _set(node)
    return _brackets(shown) if _strength(node) < least else shown


def _brackets(shown: str) -> str:
    """Brackets that are as high as their content."""
    return rf"\left({shown}\right)" if r"\frac" in shown else f"({shown})"


def _set(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=value):
            return f"{value:g}" if isinstance(value, float) else str(value)
        case ast.Name(id=name):
            return symbol(name)
        case ast.UnaryOp(op=ast.USub(), operand=one):
            return f"-{_in(one, 2)}"
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            sign, before, after = _SIGNS[type(op)]
            return _in(left, before) + sign + _in(right, after)
        case ast.BinOp(
            left=ast.BinOp(op=ast.Mult(), left=first, right=last), op=ast.Div(), right=below
        ):
            # a b / c is a (b/c): the fraction holds what is typed beside the stroke
            return rf"{_in(first, 2)}\,\frac{{{_set(last)}}}{{{_set(below)}}}"
        case ast.BinOp(left=above, op=ast.Div(), right=below):
            return rf"\frac{{{_set(above)}}}{{{_set(below)}}}"
        case ast.BinOp(left=base, op=ast.Pow(), right=power):
            return f"{_in(base, 6)}^{{{_set(power)}}}"
        case ast.IfExp(test=test, body=one, orelse=other):
            return rf"{_set(one)} \text{{ if }} {_set(test)} \text{{ else }} {_set(other)}"
        case ast.Compare(left=left, ops=ops, comparators=others):
            signs = (f" {_COMPARES[type(op)]} {_set(o)}" for op, o in zip(ops, others, strict=True))
            return _set(left) + "".join(signs)
        case ast.Call(func=ast.Name(id=name), args=[one]) if name in _AROUND:
            return _set(one).join(_AROUND[name])
        case ast.Call(func=ast.Name(id="sum"), args=[one]):
            return rf"\textstyle\sum {_in(one, 2)}"
        case ast.Call(func=ast.Name(id=name), args=args):
            head = FUNCTIONS.get(name) or (name if len(name) == 1 else rf"\operatorname{{{name}}}")
            if name.startswith("draw_"):
                head = rf"\text{{{name.removeprefix('draw_')}}}"
            return head + _brackets(", ".join(map(_set, args)))
        case _:
            raise ValueError(f"nothing is known to set {ast.unparse(node)}")
