"""Site: the phones of one place, or of some, one line a phone."""

import common
from promql import alerts, health, of
from shape import column, dashboard, mapping, query, stat, table, thresholds, timeline, timeseries
from words import AMBER, GREEN, GREY, HEALTH, RED

PATIENT = thresholds(GREEN, (5, AMBER), (10, RED))


def tiles():
    return stat(
        "Phones now",
        "Each phone as of its last poll. Not readable: it answers, but not to us, after a wrong "
        "password, a lock, or because another device is there. A click opens the phone.",
        [query(f"min by (site, phone) ({health()})", "{{phone}}", instant=True)],
        colour="background", text="value_and_name",
        mappings=mapping(HEALTH), thresholds=thresholds(GREY), links=[common.PHONE_LINK],
    )


def history():
    return timeline(
        "Phones over time",
        "The same over time, 20 phones a page. A gap is a time without a scrape.",
        [query(f"min by (site, phone) ({health()})", "{{phone}}")],
        HEALTH, links=[common.PHONE_LINK],
    )


def registration():
    return timeseries(
        "Accounts registered",
        "Share of the accounts of readable phones that are registered, by site.",
        [query(f"avg by (site) ({of('grandstream_account_registered')})", "{{site}}")],
        unit="percentunit", decimals=0, max=1, zones=True,
        thresholds=thresholds(RED, (0.9, AMBER), (0.98, "transparent")),
    )


def lines():
    return timeseries(
        "Lines in use",
        "Lines that are not idle, by state, as of the last poll of each phone. Short calls fall "
        "between two polls.",
        [
            query(
                f"""sum by (state) ({of('grandstream_lines', 'state!="idle"')})""", "{{state}}"
            )
        ],
        stacked=True, unit="none", decimals=0,
    )


def latency():
    took = of("grandstream_poll_duration_seconds")
    return timeseries(
        "How long polls take",
        "The last poll of each phone, failed ones included: half of the phones are faster than "
        "the first line, 95 % than the second. Long polls point to the network, above all Wi-Fi.",
        [
            query(f"quantile(0.5, {took})", "median"),
            query(f"quantile(0.95, {took})", "95 %"),
            query(f"max({took})", "slowest"),
        ],
        unit="s",
    )


def slowest():
    return table(
        "Slowest phones",
        "The 20 phones whose last poll took longest.",
        [
            query(
                f"topk(20, max by (site, phone) ({of('grandstream_poll_duration_seconds')}))",
                table=True,
            )
        ],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", custom__width=110),
            "Value": column(
                "Last poll", unit="s", decimals=2, thresholds=PATIENT, custom__width=110,
                custom__cellOptions={"type": "color-text"},
            ),
        },
        sort="Last poll", descending=True,
    )


def troubled():
    silent = of("grandstream_poll_last_success_timestamp_seconds")
    return table(
        "Phones in trouble",
        "Why something failed in the last poll of a phone, how long ago a poll was good, and whether "
        "a silence or window covers it. The reasons and what to do are in the README.",
        [
            query(f"group by (site, phone, reason) ({of('grandstream_poll_error')})", table=True),
            query(
                f"max by (site, phone) (time() - {silent}) "
                f"and on (site, phone) {of('grandstream_poll_error')}",
                table=True,
            ),
            query(
                f"{common.muted()} and on (site, phone) {of('grandstream_poll_error')}",
                table=True,
            ),
        ],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", custom__width=110),
            "reason": column("Reason", custom__width=120),
            "Value #B": column("Last good poll", unit="s", decimals=0, custom__width=120),
            "by": column("Muted", custom__width=80),
        },
        sort="Phone", noValue="None",
    )


def firing():
    return table(
        "Alerts",
        "Alerts that fire about these phones and may be said: those that the exporter judges, and "
        "those of prometheus/alerts.yml; without either the table is empty.",
        [query(f"max by (alertname, severity, site, phone) ({alerts()})", table=True)],
        {
            "severity": column("Severity", custom__width=100),
            "alertname": column("Alert"),
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", custom__width=110),
        },
        sort="Severity", noValue="None",
    )


def make():
    return dashboard(
        common.SITE, "Phones / Site",
        "The phones of one place: who is up, since when not, and why.",
        tags=[common.TAG],
        variables=common.CHOICES,
        annotations=[
            common.critical_alerts(),
            common.reboots(),
            common.firmware_changes(),
        ],
        links=[common.MENU],
        rows=[
            (8, [(24, tiles())]),
            (14, [(24, history())]),
            (9, [(12, troubled()), (12, firing())]),
            (8, [(12, registration()), (12, lines())]),
            (9, [(14, latency()), (10, slowest())]),
        ],
    )
