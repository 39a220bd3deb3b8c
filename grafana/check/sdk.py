"""Holds the dashboards against grafana-foundation-sdk: `make dashboards-check` runs this.

Two layers that need the SDK. What goes through its typed models and back must lose nothing and
change nothing (a misspelled key is lost there), and every unit must be one that Grafana knows. Both
are proven first by faults planted into a copy. What needs no SDK is checked by the tests in Rust.
"""

import copy
import json
import pathlib
import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models import dashboard as models
    from grafana_foundation_sdk.models import units

DASHBOARDS = pathlib.Path(__file__).resolve().parent.parent / "dashboards"
KNOWN_UNITS = {value for value in vars(units).values() if isinstance(value, str)}


def findings(dashboard):
    """What is wrong with one dashboard, a line each."""
    through = models.Dashboard.from_json(copy.deepcopy(dashboard))
    back = json.loads(JSONEncoder().encode(through))
    return [*lost(dashboard, back, "$"), *unknown_units(dashboard, "$")]


def lost(before, after, path):
    """What did not come back as it went in. The SDK may add its defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from lost(value, after[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is lost: Grafana knows no such key"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{place}]")
    elif before != after:
        yield f"{path} becomes {after!r} instead of {before!r}"


def unknown_units(part, path):
    if isinstance(part, list):
        for place, one in enumerate(part):
            yield from unknown_units(one, f"{path}[{place}]")
    elif isinstance(part, dict):
        unit = part.get("value") if part.get("id") == "unit" else part.get("unit")
        if isinstance(unit, str) and unit not in KNOWN_UNITS:
            yield f"{path}: unit {unit!r} is none of Grafana's"
        for key, value in part.items():
            yield from unknown_units(value, f"{path}.{key}")


def a_panel(dashboard, kind):
    return next(panel for panel in dashboard["panels"] if panel["type"] == kind)


def rename(part, old, new):
    part[new] = part.pop(old)


# Faults, and what must be found of each.
PLANTED = {
    "a key of a dashboard": (lambda d: rename(d, "refresh", "refesh"), "$.refesh is lost"),
    "a key of a panel": (
        lambda d: rename(a_panel(d, "stat"), "fieldConfig", "fieldConfg"), "fieldConfg is lost"
    ),
    "a key of a query": (
        lambda d: rename(a_panel(d, "stat")["targets"][0], "expr", "exprr"), "exprr is lost"
    ),
    "an option of a state timeline": (
        lambda d: rename(a_panel(d, "state-timeline")["options"], "showValue", "showValeu"),
        "showValeu is lost",
    ),
    "an option of a table": (
        lambda d: rename(a_panel(d, "table")["options"], "cellHeight", "cellHigh"),
        "cellHigh is lost",
    ),
    "a field of a graph": (
        lambda d: rename(
            a_panel(d, "timeseries")["fieldConfig"]["defaults"]["custom"], "lineWidth", "width"
        ),
        "custom.width is lost",
    ),
    "a key of a variable": (
        lambda d: rename(d["templating"]["list"][1], "includeAll", "incudeAll"),
        "incudeAll is lost",
    ),
    "a unit": (
        lambda d: a_panel(d, "stat")["fieldConfig"]["defaults"].update(unit="shrot"), "'shrot'"
    ),
}


def main():
    register_default_plugins()
    dashboards = {path.name: json.loads(path.read_text()) for path in DASHBOARDS.glob("*.json")}
    wrong = [
        f"{name}: {what}" for name, made in dashboards.items() for what in findings(made)
    ]
    for fault, (plant, expected) in PLANTED.items():
        spoilt = copy.deepcopy(dashboards["phone.json"])
        plant(spoilt)
        if not any(expected in what for what in findings(spoilt)):
            wrong.append(f"this check does not see a fault in {fault}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    count = len(dashboards)
    print(f"{count} dashboards, {len(PLANTED)} planted faults: {len(wrong)} findings")
    sys.exit(1 if wrong or not count else 0)


main()
