"""An evaluation against labels as one page of HTML that needs nothing else: no script, no other file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from photo2moe.evaluation.agreement import Agreement
from photo2moe.evaluation.described_report import FIELD_COLUMNS, RECALL_COLUMNS, REGION_COLUMNS, DescribedReport

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; }
table { border-collapse: collapse; margin: .5em 0 1.5em; }
th, td { border: 1px solid #8886; padding: .2em .6em; text-align: left; }
td { font-variant-numeric: tabular-nums; }
.confusion td { text-align: right; background: color-mix(in srgb, #3a7bd5 var(--share), transparent); }
.confusion .right { outline: 2px solid #3a9a5a; outline-offset: -2px; }
.wide { overflow-x: auto; }
"""
_HOW = (
    "Accuracy, balanced accuracy and recall count values that are merged as one, as named under each field; exact "
    "accuracy merges nothing. Photos whose label leaves nothing to compare are left out. The calibration error is that "
    "of the looks net, words of colours are the looks net's, all other words the Character's. Brackets hold 95 % "
    "intervals: Wilson's for shares of photos and what follows from it for their means, the bootstrap over photos for "
    "calibration and regions."
)


def page(report: DescribedReport) -> str:
    """The page, with a table of confusions for each field."""
    title = f"People described, against {report.labels}"
    recalls = report.recall_rows()
    parts = [
        f"<h1>{escape(title)}</h1><p>{escape(report.summary())}</p><p>{_HOW}</p>",
        "<h2>Fields</h2>",
        _table(FIELD_COLUMNS, report.field_rows()),
    ]
    if report.regions:
        parts += ["<h2>Regions</h2>", _table(REGION_COLUMNS, report.region_rows())]
    for name, found in report.fields.items():
        parts.append(f'<h2 id="{escape(name)}">{escape(name)}</h2>')
        parts.append(_about(found))
        parts.append(_table(RECALL_COLUMNS[1:], [row[1:] for row in recalls if row[0] == name]))
        parts.append(_confusion(found))
        parts.append(_reliability(found))
    if report.missed or report.unmasked:
        parts += ["<h2>Not used</h2>", _table(("photo", "why"), [*report.missed, *report.unmasked])]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _about(found: Agreement) -> str:
    merged = "; ".join(" = ".join(group) for group in found.field.merged) or "none"
    left = f" {found.unsaid} photos are left out: {', '.join(found.field.unsaid)}." if found.unsaid else ""
    return (
        f"<p>{found.accuracy.n} photos, accuracy {escape(found.accuracy.cell())}. Merged: {escape(merged)}.{left}</p>"
    )


def _confusion(found: Agreement) -> str:
    """Labels down, answers across; right ones are framed, the deeper a colour the larger its share of the row."""
    values, group = found.values, found.field.group
    lines = []
    for label in values:
        counts = [found.confusion.get((label, answer), 0) for answer in values]
        if not sum(counts):
            continue
        cells = "".join(
            f'<td style="--share:{100 * count / sum(counts):.0f}%"'
            f"{' class=right' if group(answer) == group(label) else ''}>{count or ''}</td>"
            for answer, count in zip(values, counts, strict=True)
        )
        lines.append(f'<tr><th scope="row">{escape(label)}</th>{cells}<td>{sum(counts)}</td></tr>')
    head = "".join(f'<th scope="col">{escape(value)}</th>' for value in (*values, "photos"))
    table = f"<tr><th>label ↓ answer →</th>{head}</tr>{''.join(lines)}"
    return f'<div class="wide"><table class="confusion">{table}</table></div>'


def _reliability(found: Agreement) -> str:
    """How often the looks net is right where it is about equally sure."""
    if not found.bins:
        return "<p>The looks net does not know this field.</p>"
    rows = [(f"{b.confidence:.2f}", f"{b.right:.2f}", str(b.n)) for b in found.bins]
    error = escape(found.calibration.cell())
    table = _table(("mean confidence", "share right", "photos"), rows)
    return f"<p>Calibration error {error}:</p>{table}"
