"""Writes the dashboards: `python3 grafana/generator [DIRECTORY]`, by default grafana/dashboards.

Needs nothing but Python. The files are committed; a test holds them to what is written here.
"""

import json
import pathlib
import sys

import alerts
import exporter
import firmware
import fleet
import phones
import registrations
import sites

DASHBOARDS = [fleet, sites, phones, registrations, firmware, alerts, exporter]


def main():
    beside = pathlib.Path(__file__).resolve().parent.parent / "dashboards"
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else beside
    directory.mkdir(parents=True, exist_ok=True)
    for module in DASHBOARDS:
        made = module.make()
        name = made["uid"].removeprefix("grandstream-")
        text = json.dumps(made, indent=2, ensure_ascii=False)
        (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")


main()
