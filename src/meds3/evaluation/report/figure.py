"""How the report's figures are drawn: inline SVG that follows the page's colours.

Matplotlib knows no CSS variables, so figures are drawn in marker colours that are replaced in
the SVG text: the same figure then reads on a light page, a dark page and on paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, LINE = "#010203", "#010204"
_SERIES = ("#010211", "#010212", "#010213", "#010214", "#010215", "#010216")
_CSS = {INK: "currentColor", LINE: "var(--line)"} | {
    colour: f"var(--series-{i})" for i, colour in enumerate(_SERIES, 1)
}
MARKERS = "os^Dvp"  # shape as well as colour: colour alone is not readable for everyone
_STYLE: Any = {  # matplotlib types the keys one by one
    "svg.fonttype": "none",
    "text.parse_math": False,  # a `$` in a name is a `$`
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": LINE,
    "grid.color": LINE,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
}


P = ParamSpec("P")
_NARROW: ContextVar[bool] = ContextVar("narrow", default=False)
_PHONE = 4.4  # inches; at a phone's width a letter is then as large as one beside the figure


def colour(i: int) -> str:
    return _SERIES[i % len(_SERIES)]


def narrow() -> bool:
    """Whether the drawing under way is the one for phones."""
    return _NARROW.get()


def styled(draw: Callable[P, str]) -> Callable[P, str]:
    """Draw with our style and repeatable ids, and leave matplotlib's own settings alone.

    Twice: `div.wide`, and `div.narrow` for phones, its panels below each other. The page shows one
    of them. "" stays "".
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> str:
        import matplotlib as mpl

        found = []
        for name in ("wide", "narrow"):
            token = _NARROW.set(name == "narrow")
            try:
                with mpl.rc_context({**_STYLE, "svg.hashsalt": f"{draw.__name__}-{name}"}):
                    if svg := draw(*args, **kwargs):
                        found.append(f'<div class="{name}">{svg}</div>')
            finally:
                _NARROW.reset(token)
        return "".join(found)

    return drawn


def figure_of(
    panels: int, *, width: float, height: float, lines: int = 1
) -> tuple[Figure, list[Axes]]:
    """A figure of `panels` columns in `lines` rows; sizes in inches, other ones for phones.

    Not pyplot: no global state, no window.
    """
    from matplotlib.figure import Figure

    if narrow():
        height *= 1.0 if panels == 1 else 0.85 * panels
        width, panels, lines = _PHONE, 1, lines * panels

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, [figure.add_subplot(lines, panels, i + 1) for i in range(lines * panels)]


def svg_of(figure: Figure, name: str, label: str) -> str:
    """The figure as an `<svg>` element for a page: own ids, the page's colours, a label."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    name = f"{name}-narrow" if narrow() else name
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    # Several figures share a page: what one defines must not be found by another.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for marker, css in _CSS.items():
        svg = svg.replace(marker, css)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*pt"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*pt"', r"\1", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
