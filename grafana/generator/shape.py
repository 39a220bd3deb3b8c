"""The shape of Grafana's Classic dashboard JSON, as plain functions that return plain dicts.

The idea: the keys are those of the typed models of grafana-foundation-sdk 0.0.21, written out so
that the generator needs nothing but Python; `make dashboards-check` holds them against the SDK.
Panels leave here without place or number: `dashboard` gives both, row by row in 24 columns.
What the dashboards say is in the file of each; this one knows nothing of phones.
"""

from words import GREY

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

# The oldest schema with all that is used here; newer versions of Grafana migrate it on load.
SCHEMA_VERSION = 39
COLUMNS = 24
REF_IDS = "ABCDEFGHIJKL"


def query(expr, legend="", *, table=False, instant=False, interval=None):
    """One PromQL query. A table is always a look at one moment."""
    instant = instant or table
    target = {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expr,
        "format": "table" if table else "time_series",
        "instant": instant,
        "legendFormat": legend,
        "range": not instant,
    }
    if interval:
        target["interval"] = interval
    return target


def thresholds(first, *steps):
    """The colour from minus infinity on, then (value, colour) from there on."""
    rest = [{"value": value, "color": color} for value, color in steps]
    return {"mode": "absolute", "steps": [{"value": None, "color": first}, *rest]}


def mapping(states):
    """Words and colours for numbers: {0: ("Down", RED), …}."""
    options = {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(states.items())
    }
    return [{"type": "value", "options": options}]


def data_link(title, url):
    """A link of a value or cell; the web page of a phone opens beside Grafana."""
    return {"title": title, "url": url, "targetBlank": not url.startswith("/d/")}


def override(name, **properties):
    """What one field of a panel has of its own: `unit="s"`, or `custom__width=90`."""
    listed = [
        {"id": key.replace("custom__", "custom."), "value": value}
        for key, value in properties.items()
    ]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def stat(title, description, queries, *, colour="value", text="auto", layout="auto", **field):
    """Numbers to be read across the room."""
    options = {
        "colorMode": colour,
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": layout,
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": text,
        "wideLayout": True,
    }
    return _panel("stat", title, description, queries, options, field)


def timeseries(title, description, queries, *, stacked=False, bars=False, zones=False, **field):
    """Values over time: lines, stacked areas, or bars; `zones` colours the ground by threshold."""
    custom = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 80 if bars else (40 if stacked else 8),
        "lineWidth": 0 if bars else 2,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked or bars else "none"},
        "thresholdsStyle": {"mode": "line+area" if zones else "off"},
    }
    options = {
        "legend": {
            "calcs": ["lastNotNull", "max"],
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    field.setdefault("color", {"mode": "palette-classic"})
    field.setdefault("min", 0)
    return _panel("timeseries", title, description, queries, options, field, custom)


def timeline(title, description, queries, states, **field):
    """States over time in words, 20 rows a page. A gap is a time of which nothing is known."""
    options = {
        "alignValue": "left",
        "legend": {
            "calcs": [],
            "displayMode": "list",
            "placement": "bottom",
            "showLegend": True,
        },
        "mergeValues": True,
        "perPage": 20,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    # Threshold colours and merged values do not go together: grafana/grafana#71804.
    field.setdefault("color", {"mode": "fixed", "fixedColor": GREY})
    custom = {"fillOpacity": 80, "lineWidth": 0}
    field["mappings"] = mapping(states)
    return _panel("state-timeline", title, description, queries, options, field, custom)


def bars(title, description, queries, **field):
    """Horizontal bars, one a value, longest wins the eye."""
    options = {
        "displayMode": "basic",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "left",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    }
    field.setdefault("min", 0)
    return _panel("bargauge", title, description, queries, options, field)


def table(title, description, queries, columns, *, sort=None, descending=False, matrix=None,
          **field):
    """A table of one moment: the queries are merged on the labels they share.

    `columns` maps fields (labels, or `Value #A`) to what `column` makes, in the order of showing;
    time and other values are hidden. `matrix` is (row, column, value) instead.
    """
    options = {
        "cellHeight": "sm",
        "footer": {"countRows": False, "reducer": [], "show": False},
        "frameIndex": 0,
        "showHeader": True,
        "sortBy": [{"displayName": sort, "desc": descending}] if sort else [],
    }
    if matrix:
        row, across, value = matrix
        transformations = [
            {
                "id": "groupingToMatrix",
                "options": {
                    "columnField": across,
                    "emptyValue": "empty",
                    "rowField": row,
                    "valueField": value,
                },
            }
        ]
    else:
        transformations = _merged(queries, columns)
    field["overrides"] = [each["override"] for each in columns.values() if each["override"]]
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
    panel = _panel("table", title, description, queries, options, field, custom)
    panel["transformations"] = transformations
    return panel


def column(title, **properties):
    """One column: its title and what its cells have of their own."""
    return {"title": title, "override": override(title, **properties) if properties else None}


def _merged(queries, columns):
    """Grafana names the value of a lone query `Value`, of several `Value #A` and so on."""
    several = len(queries) > 1
    merge = [{"id": "merge", "options": {}}] if several else []
    values = [f"Value #{REF_IDS[place]}" for place in range(len(queries))] if several else ["Value"]
    hidden = [name for name in ["Time", *values] if name not in columns]
    organize = {
        "excludeByName": {name: True for name in hidden},
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": {name: each["title"] for name, each in columns.items()},
    }
    return [*merge, {"id": "organize", "options": organize}]


def _panel(kind, title, description, queries, options, field, custom=None):
    overrides = field.pop("overrides", [])
    own = {
        "interval": field.pop("interval", None),
        "timeFrom": field.pop("time_from", None),
    }
    defaults = dict(sorted(field.items()))
    defaults.setdefault("color", {"mode": "thresholds"})
    defaults.setdefault("mappings", [])
    defaults.setdefault("thresholds", thresholds(GREY))
    if custom:
        defaults["custom"] = custom
    targets = [{"refId": REF_IDS[place], **each} for place, each in enumerate(queries)]
    panel = {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": options,
        "targets": targets,
    }
    return panel | {key: value for key, value in own.items() if value}


def variable(name, label, description, found, *, several=True, all_value=None, hidden=False,
             regex=""):
    """A choice read from Prometheus, anew whenever the time range changes."""
    choice = {
        "type": "query",
        "name": name,
        "label": label,
        "description": description,
        "datasource": DATASOURCE,
        "query": {"query": found, "refId": f"variable-{name}"},
        "definition": found,
        "regex": regex,
        "refresh": 2,
        "sort": 7,
        "hide": 2 if hidden else 0,
        "multi": several,
        "includeAll": several,
        "options": [],
    }
    if several:
        choice["current"] = {"selected": True, "text": ["All"], "value": ["$__all"]}
        if all_value:
            choice["allValue"] = all_value
    return choice


def datasource_variable():
    """Which Prometheus: a variable serves import and provisioning alike."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "description": "The Prometheus that scrapes the exporter",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
    }


def annotation(name, colour, expr, title, text, tags, *, enabled=True):
    """Marks on all graphs where the expression has a value."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": enabled,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "step": "1m",
        "tagKeys": ",".join(tags),
        "textFormat": text,
        "titleFormat": title,
    }


def link(title, url, tooltip):
    """A link at the head of a dashboard."""
    return _link("link", title, tooltip, url=url, icon="external link", targetBlank=True)


def links_by_tag(title, tag):
    """A menu of all dashboards with this tag; it carries choices and time along."""
    return _link(
        "dashboards", title, "", tags=[tag], asDropdown=True, includeVars=True, keepTime=True
    )


def _link(kind, title, tooltip, **own):
    empty = {"tags": [], "asDropdown": False, "includeVars": False, "keepTime": False, "url": ""}
    frame = {"type": kind, "title": title, "tooltip": tooltip, "icon": "", "targetBlank": False}
    return {**frame, **empty, **own}


def dashboard(uid, title, description, *, tags, variables, annotations, links, rows,
              time_from="now-6h"):
    """A whole dashboard. `rows` holds (height, [(width, panel), …])."""
    grafana = {"type": "grafana", "uid": "-- Grafana --"}
    own = {"builtIn": 1, "datasource": grafana, "enable": True, "hide": True,
           "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts",
           "type": "dashboard"}
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": tags,
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": time_from, "to": "now"},
        "fiscalYearStartMonth": 0,
        "refresh": "1m",
        "schemaVersion": SCHEMA_VERSION,
        "panels": _laid_out(rows),
        "templating": {"list": [datasource_variable(), *variables]},
        "annotations": {"list": [own, *annotations]},
        "links": links,
    }


def _laid_out(rows):
    panels, y = [], 0
    for height, members in rows:
        x = 0
        for width, panel in members:
            place = {"h": height, "w": width, "x": x, "y": y}
            panels.append({"id": len(panels) + 1, "gridPos": place, **panel})
            x += width
        assert x == COLUMNS, f"row at {y}: {x} columns"
        y += height
    return panels
