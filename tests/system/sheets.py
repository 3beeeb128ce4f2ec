"""Lists as CSV beside the JSON of the same request, cell by cell.

    sheets.same(text, body, ["alerts"])
"""
import csv
import io

# Columns that are not keys of a row: within an object of it.
WITHIN = {"blue": ("colours", "blue"), "yellow": ("colours", "yellow"),
          "orange": ("colours", "orange"), "red": ("colours", "red"),
          "top_alert": ("top", "id"),
          "next_colour": ("next", "colour"), "next_lacks": ("next", "lacks")}
USED = {outer for outer, _ in WITHIN.values()}


def cell(value):
    """What a JSON value is in a cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, list):
        return "|".join(cell(v) for v in value)
    if isinstance(value, dict):
        return "|".join(f"{k}={cell(v)}" for k, v in value.items())
    if isinstance(value, float):
        return repr(digits(value))
    return str(value)


def digits(value):
    """The fifteen that the interface shows; offline JSON has more."""
    return float(f"{value:.15g}")


def is_cell(text, value):
    if isinstance(value, float):
        return text != "" and float(text) == digits(value)
    return text == cell(value)


def value_of(name, row, body, around):
    if name in around:
        return body[name if around[name] is True else around[name]]
    if name in WITHIN:
        outer, inner = WITHIN[name]
        return (row.get(outer) or {}).get(inner)
    value = row.get(name)
    return value["id"] if name == "alert" and value else value


def has_parts(value):
    """An empty list, one of objects, or an object with parts: JSON alone
    may have it."""
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, (list, dict)) and (not value or any(
        isinstance(v, (dict, list)) for v in parts))


def same(text, body, lists, around={}):
    """around: columns that stand beside the rows, name -> key or True.
    How many rows there were, and the names of the columns."""
    head, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = [row for name in lists for row in body[name]]
    assert len(set(head)) == len(head), head
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows):
        assert len(line) == len(head), line
        for name, text in zip(head, line):
            value = value_of(name, row, body, around)
            assert is_cell(text, value), (name, text, value)
    # What is added to a row gets a column in daemon/console/sheets.c.
    lacking = {key for row in rows for key, value in row.items()
               if key not in head and key not in USED and not has_parts(value)}
    assert not lacking, lacking
    return len(rows), head
