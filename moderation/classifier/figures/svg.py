"""Small plots as inline SVG: no script, no file beside the page, colours from the page's own style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from markupsafe import Markup

from moderation.classifier.figures.intervals import Interval

WIDTH, HEIGHT = 220, 180
LEFT, RIGHT, TOP, BOTTOM = 42, 8, 8, 30
ROW, NAMES, ROW_WIDTH = 20, 172, 420
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

Points = Sequence[tuple[float, float]]


class Square:
    """A plot of curves in 0..1 both ways, with a grid and the names of its axes."""

    def __init__(self, title: str, *, x: str, y: str, y_top: float = 1.0) -> None:
        self._title, self._y_top = title, y_top
        self._parts: list[Markup] = [self._grid(x, y)]

    def line(self, points: Points, *, kind: str = "a") -> Square:
        """A curve; `kind` is the class its colour comes from."""
        self._parts.append(_SHAPE.format("polyline", f"line {kind}", self._points(points)))
        return self

    def dots(self, points: Points, *, kind: str = "a") -> Square:
        """One dot a point."""
        for x, y in self._seen(points):
            self._parts.append(_DOT.format(kind, f"{self._x(x):.1f}", f"{self._y(y):.1f}", 2.6))
        return self

    def band(self, xs: Sequence[float], intervals: Sequence[Interval], *, kind: str = "a") -> Square:
        """What lies between the ends of intervals."""
        low = [(x, each.low) for x, each in zip(xs, intervals, strict=True) if isfinite(each.low)]
        high = [(x, each.high) for x, each in zip(xs, intervals, strict=True) if isfinite(each.high)]
        self._parts.append(_SHAPE.format("polygon", f"band {kind}", self._points([*low, *reversed(high)])))
        return self

    def drawn(self) -> Markup:
        """The plot, to stand in a page."""
        return _FIGURE.format("square", WIDTH, HEIGHT, WIDTH, HEIGHT, self._title, Markup("").join(self._parts))

    def _grid(self, x_name: str, y_name: str) -> Markup:
        parts: list[Markup] = []
        for tick in TICKS:
            x, y, value = f"{self._x(tick):.1f}", f"{self._y(tick * self._y_top):.1f}", tick * self._y_top
            parts += [
                _LINE.format("grid", x, TOP, x, HEIGHT - BOTTOM),
                _LINE.format("grid", LEFT, y, WIDTH - RIGHT, y),
                _TEXT.format("tick", x, HEIGHT - BOTTOM + 11, "middle", f"{tick:g}"),
                _TEXT.format("tick", LEFT - 4, float(y) + 3, "end", f"{value:.2g}"),
            ]
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(_TEXT.format("axis", middle, HEIGHT - 5, "middle", x_name))
        parts.append(_TURNED.format(-(TOP + HEIGHT - BOTTOM) / 2, 9, y_name))
        return Markup("").join(parts)

    def _seen(self, points: Points) -> Iterable[tuple[float, float]]:
        return ((x, min(y, self._y_top)) for x, y in points if isfinite(x) and isfinite(y))

    def _points(self, points: Points) -> str:
        return " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in self._seen(points))

    def _x(self, value: float) -> float:
        return LEFT + value * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self._y_top * (HEIGHT - TOP - BOTTOM)


def rows(title: str, lines: Sequence[tuple[str, Sequence[tuple[str, Interval]]]], *, low: float = 0.0) -> Markup:
    """Named rows of figures with their intervals, on one scale from `low` to 1; a figure has the class of its kind."""

    def at(value: float) -> str:
        return f"{NAMES + (max(value, low) - low) / (1 - low) * (ROW_WIDTH - NAMES - 12):.1f}"

    height = ROW * len(lines) + 22
    parts: list[Markup] = []
    for value in (tick for tick in TICKS if tick >= low):
        parts.append(_LINE.format("grid", at(value), 4, at(value), height - 18))
        parts.append(_TEXT.format("tick", at(value), height - 5, "middle", f"{value:g}"))
    for number, (name, figures) in enumerate(lines):
        middle = 4 + ROW * number + ROW / 2
        parts.append(_TEXT.format("name", NAMES - 8, middle + 4, "end", name))
        for place, (kind, figure) in enumerate(figures):
            if not isfinite(figure.value):
                continue
            y = middle + (place - (len(figures) - 1) / 2) * 5
            if isfinite(figure.low):
                parts.append(_LINE.format(f"line {kind}", at(figure.low), y, at(figure.high), y))
            parts.append(_DOT.format(kind, at(figure.value), y, 2.8))
    return _FIGURE.format("rows", ROW_WIDTH, height, ROW_WIDTH, height, title, Markup("").join(parts))


def stacked(title: str, shares: Sequence[tuple[str, float]]) -> Markup:
    """One bar of shares that are 1 together; each has the class of its kind."""
    parts, begin = [], 0.0
    for kind, share in shares:
        parts.append(_RECT.format(kind, f"{begin * 200:.1f}", f"{share * 200:.1f}"))
        begin += share
    return _FIGURE.format("bar", 200, 12, 200, 12, title, Markup("").join(parts))


# Markup.format escapes whatever is put in and is no Markup itself.
_FIGURE = Markup('<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img"><title>{}</title>{}</svg>')
_SHAPE = Markup('<{} class="{}" points="{}"/>')
_LINE = Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>')
_DOT = Markup('<circle class="dot {}" cx="{}" cy="{}" r="{}"/>')
_RECT = Markup('<rect class="{}" x="{}" y="0" width="{}" height="12"/>')
_TEXT = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>')
_TURNED = Markup('<text class="axis" transform="rotate(-90)" x="{}" y="{}" text-anchor="middle">{}</text>')
