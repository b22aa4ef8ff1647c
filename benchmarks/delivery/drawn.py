"""The table of delivery as a picture: a bar for each sender and limit, and a line at what is aimed for."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.delivery.cells import Cell, Measured
from benchmarks.delivery.senders import Sender

COLOURS = ("#27c", "#2a7", "#c72", "#75b", "#a33", "#789")
AIM = 0.98
WIDTH, LEFT, TOP, BAR, GAP = 860, 380, 44, 9, 12
SCALE = WIDTH - LEFT - 60


def drawn(found: Mapping[Sender, Mapping[Cell, Measured | None]]) -> str:
    """SVG; readable on light and on dark ground."""
    cells = list(next(iter(found.values())))
    parts = _legend(cells)
    at = TOP + 12
    for sender, of in found.items():
        middle = at + len(cells) * BAR / 2 + 4
        parts.append(f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{sender.title.replace("`", "")}</text>')
        for cell, colour in zip(cells, COLOURS, strict=False):
            got = of.get(cell)
            if got is not None:
                long = min(got.efficiency, 1.1) * SCALE
                parts.append(f'<rect x="{LEFT}" y="{at}" width="{long:.1f}" height="{BAR - 1}" fill="{colour}"/>')
                parts.append(f'<text x="{LEFT + long + 4:.1f}" y="{at + 8}" font-size="8">{_told(got)}</text>')
            at += BAR
        at += GAP
    line = LEFT + AIM * SCALE
    parts.append(f'<path d="M{line:.1f} {TOP}V{at}" stroke="#888" stroke-dasharray="3 3"/>')
    parts.append(f'<text x="{line:.1f}" y="{at + 12}" text-anchor="middle">{AIM:.0%} of what is allowed</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {at + 20}" width="{WIDTH}" height="{at + 20}" '
        'font-family="sans-serif" font-size="11" fill="#777"><title>Answered of what is allowed</title>'
        f"{''.join(parts)}</svg>\n"
    )


def _told(got: Measured) -> str:
    return f"{got.efficiency:.1%}" + (f", {got.too_many} × 429" if got.too_many else "")


def _legend(cells: list[Cell]) -> list[str]:
    parts = []
    for number, (cell, colour) in enumerate(zip(cells, COLOURS, strict=False)):
        x, y = 10 + number % 3 * 230, 14 + number // 3 * 16
        parts.append(f'<rect x="{x}" y="{y - 8}" width="10" height="10" fill="{colour}"/>')
        name = f"{cell.model.replace('_', ' ')}, {cell.latency_ms:g} ms"
        parts.append(f'<text x="{x + 15}" y="{y + 1}">{name}</text>')
    return parts
