"""Draws a dashboard as a picture, from its JSON and the answers of a real Prometheus.

    render.py PROMETHEUS DASHBOARD.json PICTURE.png [--minutes 15] [--var phone=NAME]...

For eyes, and for the README: what Grafana would show in layout, words, numbers and colours, not
its looks to the pixel. Needs matplotlib (Debian's python3-matplotlib). Knows only the panels that
the generator makes.
"""

import argparse
import io
import json
import math
import pathlib
import re
import time
import urllib.parse
import urllib.request
from datetime import datetime, timezone

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.dates import DateFormatter, date2num
from matplotlib.patches import Rectangle
from PIL import Image

GROUND, PANEL, TEXT, FAINT, RULE = "#111217", "#181b1f", "#d8d9da", "#8e9297", "#2c3235"
LINES = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#0072B2", "#D55E00", "#8E8E8E"]
CELL_WIDTH, CELL_HEIGHT, DPI = 0.62, 0.36, 80
STEPS = 240
# What stands for All at the head of a dashboard.
ALL = {
    "job": ".+", "instance": ".+", "site": ".*", "model": ".*",
    "severity": "critical|warning|info",
}
# The shortest steps that panels ask for, in seconds.
LEAST = {"10m": 600, "1h": 3600}
# The times of their own that panels show, in seconds.
SPANS = {"7d": 7 * 86400}
# Characters that fit into an inch of table text.
PER_INCH = 13.5


class Prometheus:
    """What is asked, with the choices and intervals filled in."""

    def __init__(self, url, minutes, choices):
        self.url, self.choices = url, choices
        self.end = time.time()
        self.start = self.end - 60 * minutes
        self.step = max(5, 60 * minutes / STEPS)
        self.intervals = {"__rate_interval": f"{max(30, int(4 * self.step))}s"}

    def ask(self, target, panel):
        """The series that answer a query of a panel."""
        step = max(self.step, LEAST.get(panel.get("interval"), 0))
        span = SPANS.get(panel.get("timeFrom"), int(self.end - self.start))
        self.intervals |= {
            "__interval": f"{max(60, int(step))}s",
            "__range": f"{span}s",
        }
        filled = re.sub(r"\$(\w+)", self._value, target["expr"])
        if target["instant"]:
            return self._get("query", query=filled, time=self.end)
        start = self.end - (self.end - self.start) // step * step
        moments = {"start": start, "end": self.end, "step": step}
        return self._get("query_range", query=filled, **moments)

    def _value(self, match):
        name = match.group(1)
        return self.intervals.get(name) or self.choices[name]

    def _get(self, path, **query):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]["result"]


def legend(target, metric):
    label = lambda match: metric.get(match.group(1), "")
    named = re.sub(r"{{(\w+)}}", label, target["legendFormat"])
    return named or " ".join(metric.values()) or "value"


def duration(seconds, parts=2):
    for size, unit in [(86400, "d"), (3600, "h"), (60, "min")]:
        if seconds >= size:
            rest = seconds % size
            more = f" {duration(rest, 1)}" if parts > 1 and rest >= 1 else ""
            return f"{int(seconds // size)} {unit}{more}"
    if 0 < seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.0f} s" if parts == 1 or seconds >= 10 else f"{seconds:.3g} s"


def words(value, unit, decimals=None):
    if math.isnan(value):
        return "NaN"
    if unit == "percentunit":
        return f"{100 * value:.{0 if decimals is None else decimals}f}%"
    if unit == "s" and decimals == 0:
        value = round(value)
    if unit in ("dtdurations", "s"):
        return duration(value) if value >= 0 else "-" + duration(-value)
    if unit == "d":
        return f"{value:.0f} days"
    if unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    number = f"{value:.{decimals}f}" if decimals is not None else f"{value:.4g}"
    return number + {"ops": " /s", "reqps": " req/s"}.get(unit, "")


def colour(value, field):
    found = None
    for step in field.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            found = step["color"]
    return FAINT if found in (None, "transparent") else found


def shown(value, field):
    """The word or number that stands for a value, and its colour."""
    for mapping in field.get("mappings", []):
        state = mapping["options"].get(f"{value:g}")
        if state:
            return state["text"], state["color"]
    return words(value, field.get("unit"), field.get("decimals")), colour(value, field)


def with_own(panel, name):
    field = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            field |= {each["id"]: each["value"] for each in override["properties"]}
    return field


class Canvas:
    """One panel: a rectangle of the picture, measured in inches from its upper left corner."""

    def __init__(self, figure, panel):
        place = panel["gridPos"]
        self.figure, self.panel = figure, panel
        total_w, total_h = figure.get_size_inches()
        gap = 0.06
        self.width = place["w"] * CELL_WIDTH - gap
        self.height = place["h"] * CELL_HEIGHT - gap
        left, top = place["x"] * CELL_WIDTH + gap, place["y"] * CELL_HEIGHT + gap + HEAD
        self.box = [
            left / total_w, 1 - (top + self.height) / total_h,
            self.width / total_w, self.height / total_h,
        ]
        axes = figure.add_axes(self.box)
        axes.set(xlim=(0, self.width), ylim=(self.height, 0), xticks=[], yticks=[], facecolor=PANEL)
        for side in axes.spines.values():
            side.set_color(RULE)
        axes.text(0.1, 0.17, panel["title"], color=TEXT, size=9, weight="bold", va="center")
        self.axes = axes

    def inner(self, left, top, right, bottom):
        x, y, w, h = self.box
        axes = self.figure.add_axes([
            x + w * left / self.width, y + h * bottom / self.height,
            w * (1 - (left + right) / self.width), h * (1 - (top + bottom) / self.height),
        ])
        axes.set_facecolor("none")
        axes.tick_params(colors=FAINT, labelsize=7, length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        return axes

    def text(self, x, y, what, **how):
        how = {"color": TEXT, "size": 8, "va": "center", "clip_on": True, **how}
        self.axes.text(x, y, what, **how)

    def nothing(self):
        what = self.panel["fieldConfig"]["defaults"].get("noValue", "No data")
        self.text(self.width / 2, self.height / 2, what, ha="center", color=FAINT, size=10)


def stat(canvas, panel, answers):
    values = [
        (legend(target, series["metric"]), float(series["value"][1]))
        for target, found in answers for series in found
    ]
    if not values:
        return canvas.nothing()
    per_row = min(len(values), max(1, int(canvas.width / 1.1)))
    rows = math.ceil(len(values) / per_row)
    wide, high = canvas.width / per_row, (canvas.height - 0.35) / rows
    for place, (name, value) in enumerate(values):
        x, y = place % per_row * wide, 0.33 + place // per_row * high
        text, tone = shown(value, with_own(panel, name))
        if panel["options"]["textMode"] == "name":
            text, name = name, ""
        filled = panel["options"]["colorMode"] == "background"
        if filled:
            tile = Rectangle((x + 0.04, y), wide - 0.08, high - 0.05, color=tone, lw=0)
            canvas.axes.add_patch(tile)
        several = len(values) > 1 or panel["options"]["textMode"] == "value_and_name"
        number = {"size": 17 if len(text) < 9 else 12, "weight": "bold", "ha": "center"}
        if rows > 1 or high < 0.7:
            number["size"] = 9
        mid = x + wide / 2
        canvas.text(mid, y + high * (0.66 if several else 0.5), text,
                    color="white" if filled else tone, **number)
        if several:
            canvas.text(mid, y + high * 0.28, name, ha="center", color="white" if filled else FAINT)


def as_date(seconds):
    return date2num(datetime.fromtimestamp(seconds, timezone.utc))


def moments(series):
    at = [as_date(float(point[0])) for point in series["values"]]
    return at, [float(point[1]) for point in series["values"]]


def over_time(canvas, prometheus, right):
    axes = canvas.inner(0.55, 0.38, right, 0.3)
    axes.set_xlim(as_date(prometheus.start), as_date(prometheus.end))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    return axes


def timeseries(canvas, panel, answers, prometheus):
    listed = [(legend(t, s["metric"]), s) for t, found in answers for s in found]
    if not listed:
        return canvas.nothing()
    axes = over_time(canvas, prometheus, 2.5)
    axes.grid(color=RULE, lw=0.5)
    field = panel["fieldConfig"]["defaults"]
    custom = field["custom"]
    base = {}
    for place, (name, series) in enumerate(listed):
        at, values = moments(series)
        tone = LINES[place % len(LINES)]
        own = with_own_pattern(panel, name)
        if custom["drawStyle"] == "bars":
            wide = max(prometheus.step, LEAST.get(panel.get("interval"), 0)) / 86400
            axes.bar(at, values, wide, bottom=[base.get(one, 0) for one in at], color=tone)
        elif custom["stacking"]["mode"] == "normal":
            low = [base.get(one, 0) for one in at]
            high = [a + b for a, b in zip(low, values)]
            axes.fill_between(at, low, high, color=tone, alpha=0.45, lw=0)
            axes.plot(at, high, color=tone, lw=1.2)
        else:
            style = (0, (4, 4)) if "custom.lineStyle" in own else "-"
            axes.plot(at, values, color=tone, lw=1.4, ls=style)
        if custom["stacking"]["mode"] == "normal":
            base = base | {one: base.get(one, 0) + value for one, value in zip(at, values)}
        if place < (canvas.height - 0.5) / 0.2:
            y = 0.5 + 0.2 * place
            canvas.text(canvas.width - 2.4, y, "■", color=tone)
            last = words(values[-1], field.get("unit"), field.get("decimals"))
            canvas.text(canvas.width - 2.22, y, name[:24], size=7)
            canvas.text(canvas.width - 0.08, y, last, size=7, ha="right")
    axes.set_ylim(bottom=field.get("min", 0), top=field.get("max"))
    if axes.get_ylim()[1] <= axes.get_ylim()[0] + 1e-9:
        axes.set_ylim(0, 1)
    zones(axes, custom, field)
    axes.yaxis.set_major_formatter(lambda value, _: words(value, field.get("unit")))


def zones(axes, custom, field):
    if custom["thresholdsStyle"]["mode"] == "off":
        return
    low, high = axes.get_ylim()
    steps = field["thresholds"]["steps"]
    ends = [step["value"] for step in steps[1:]] + [high]
    for step, end in zip(steps, ends):
        start = low if step["value"] is None else step["value"]
        if step["color"] != "transparent":
            axes.axhspan(start, min(end, high), color=step["color"], alpha=0.12, lw=0)
    axes.set_ylim(low, high)


def with_own_pattern(panel, name):
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        if re.search(override["matcher"]["options"].strip("/"), name):
            found |= {each["id"]: each["value"] for each in override["properties"]}
    return found


def timeline(canvas, panel, answers, prometheus):
    rows = [(legend(t, s["metric"]), s) for t, found in answers for s in found]
    if not rows:
        return canvas.nothing()
    rows = rows[: panel["options"]["perPage"]]
    left = 0.25 + max(len(name) for name, _ in rows) / PER_INCH
    axes = over_time(canvas, prometheus, 0.1)
    x, y, w, h = canvas.box
    axes.set_position([
        x + w * left / canvas.width, y + h * 0.6 / canvas.height,
        w * (1 - (left + 0.1) / canvas.width), h * (1 - 0.98 / canvas.height),
    ])
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([place + 0.5 for place in range(len(rows))], [name for name, _ in rows])
    seen = {}
    for place, (_, series) in enumerate(rows):
        for start, end, value in runs(*moments(series), prometheus.step / 86400):
            text, tone = shown(value, panel["fieldConfig"]["defaults"])
            seen[text] = tone
            axes.add_patch(Rectangle((start, place + 0.08), end - start, 0.84, color=tone, lw=0))
            share = (end - start) / (axes.get_xlim()[1] - axes.get_xlim()[0])
            if share * (canvas.width - left) * PER_INCH > len(text) + 1:
                axes.text((start + end) / 2, place + 0.5, text, size=7, color="white",
                          ha="center", va="center")
    across = 0.2
    for text, tone in seen.items():
        canvas.text(across, canvas.height - 0.17, "■", color=tone)
        canvas.text(across + 0.17, canvas.height - 0.17, text, size=7)
        across += 0.45 + len(text) / PER_INCH


def runs(at, values, step):
    """Equal values in a row as (start, end, value); a gap ends a run."""
    found = []
    for moment, value in zip(at, values):
        if found and found[-1][2] == value and moment - found[-1][1] < step * 1.5:
            found[-1][1] = moment + step
        else:
            found.append([moment, moment + step, value])
    return found


def bars(canvas, panel, answers):
    values = [
        (legend(t, s["metric"]), float(s["value"][1])) for t, found in answers for s in found
    ]
    if not values:
        return canvas.nothing()
    left = 0.3 + max(len(name) for name, _ in values) / PER_INCH
    most = max(value for _, value in values) or 1
    high = min(0.32, (canvas.height - 0.45) / len(values))
    for place, (name, value) in enumerate(values):
        y = 0.4 + place * high
        text, tone = shown(value, panel["fieldConfig"]["defaults"])
        canvas.text(left - 0.1, y + high / 2, name, ha="right")
        room = canvas.width - left - 0.7
        canvas.axes.add_patch(Rectangle((left, y + 0.04), room, high - 0.08, color=RULE, lw=0))
        bar = Rectangle((left, y + 0.04), room * value / most, high - 0.08, color=tone, lw=0)
        canvas.axes.add_patch(bar)
        canvas.text(canvas.width - 0.12, y + high / 2, text, ha="right", color=tone)


def merged(panel, answers):
    """The rows of a table as Grafana merges them, and its columns as (field, title)."""
    rows = []
    for target, found in answers:
        name = f"Value #{target['refId']}" if len(answers) > 1 else "Value"
        for series in found:
            metric = {key: value for key, value in series["metric"].items() if key != "__name__"}
            own = metric | {name: float(series["value"][1])}
            fits = [
                row for row in rows
                if name not in row and any(key in row for key in metric)
                and all(row.get(key, value) == value for key, value in metric.items())
            ]
            for row in fits:
                row |= own
            if not fits:
                rows.append(own)
    for transformation in panel["transformations"]:
        if transformation["id"] == "groupingToMatrix":
            return matrix(rows, transformation["options"])
        if transformation["id"] == "organize":
            renamed = transformation["options"]["renameByName"]
            order = transformation["options"]["indexByName"]
            return rows, sorted(renamed.items(), key=lambda each: order[each[0]])
    raise ValueError(panel["title"])


def matrix(rows, options):
    across = sorted({row[options["columnField"]] for row in rows})
    lines = {}
    for row in rows:
        line = lines.setdefault(row[options["rowField"]], {})
        line[options["rowField"]] = row[options["rowField"]]
        line[row[options["columnField"]]] = row[options["valueField"]]
    head = (options["rowField"], f"{options['rowField']}\\{options['columnField']}")
    return list(lines.values()), [head, *((name, name) for name in across)]


def table(canvas, panel, answers):
    rows, columns = merged(panel, answers)
    if not rows:
        return canvas.nothing()
    for sort in panel["options"]["sortBy"]:
        field = next(field for field, title in columns if title == sort["displayName"])
        known = [row for row in rows if field in row]
        known.sort(key=lambda row: row[field], reverse=sort["desc"])
        rows = known + [row for row in rows if field not in row]
    own = {title: with_own(panel, title) for _, title in columns}
    widths = [own[title].get("custom.width") for _, title in columns]
    fixed = sum(width or 0 for width in widths) / 100
    free = (canvas.width - 0.1 - fixed) / (sum(width is None for width in widths) or 1)
    x = 0.1
    for (field, title), width in zip(columns, widths):
        wide = width / 100 if width else free
        canvas.text(x, 0.45, title[: int(wide * PER_INCH)], color=LINES[0], weight="bold")
        for place, row in enumerate(rows):
            y = 0.72 + 0.24 * place
            if y > canvas.height - 0.1:
                break
            if field not in row:
                continue
            cell(canvas, (x, y, wide), row[field], own[title])
        x += wide


def cell(canvas, place, value, field):
    x, y, wide = place
    kind = field.get("custom.cellOptions", {"type": "auto"})["type"]
    text, tone = (value, TEXT) if isinstance(value, str) else shown(value, field)
    if kind == "color-background":
        tile = Rectangle((x - 0.04, y - 0.11), wide - 0.04, 0.22, color=tone, lw=0)
        canvas.axes.add_patch(tile)
    ink = {"color-background": "white", "color-text": tone}.get(kind, TEXT)
    canvas.text(x, y, text[: int(wide * PER_INCH)], color=ink)


HEAD = 0.5


def draw(dashboard, prometheus):
    panels = dashboard["panels"]
    high = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(24 * CELL_WIDTH + 0.06, high * CELL_HEIGHT + HEAD + 0.06), dpi=DPI)
    figure.set_facecolor(GROUND)
    choices = "   ".join(f"{name}: {value}" for name, value in prometheus.choices.items()
                         if value != ALL.get(name))
    inch = 1 / figure.get_size_inches()[1]
    figure.text(0.008, 1 - 0.28 * inch, dashboard["title"], color=TEXT, size=13, weight="bold",
                va="center")
    figure.text(0.992, 1 - 0.28 * inch, choices, color=FAINT, size=9, va="center", ha="right")
    for panel in panels:
        canvas = Canvas(figure, panel)
        answers = [(target, prometheus.ask(target, panel)) for target in panel["targets"]]
        kind = panel["type"]
        if kind in ("timeseries", "state-timeline"):
            {"timeseries": timeseries, "state-timeline": timeline}[kind](
                canvas, panel, answers, prometheus
            )
        else:
            {"stat": stat, "bargauge": bars, "table": table}[kind](canvas, panel, answers)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prometheus")
    parser.add_argument("dashboard", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--minutes", type=int, default=15)
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    chosen = dict(each.split("=", 1) for each in given.var)
    choices = ALL | chosen
    dashboard = json.loads(given.dashboard.read_text())
    figure = draw(dashboard, Prometheus(given.prometheus, given.minutes, choices))
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    # Few colours make a small file.
    Image.open(drawn).convert("RGB").quantize(96).save(given.picture, optimize=True)


main()
