"""Registrations: which accounts are not registered, at which server, and what lines do."""

import common
import promql
from promql import PHONE, account, of, raw
from shape import column, dashboard, mapping, query, stat, table, thresholds, timeseries
from words import AMBER, GREEN, GREY, LINE, RED, SKY

BAND = thresholds(RED, (0.7, AMBER), (0.98, "transparent"))


def counts():
    accounts = of("grandstream_account_registered")
    return stat(
        "Accounts",
        "Accounts of readable phones: registered, and not.",
        [
            query(f"sum({accounts})", "registered", instant=True),
            query(f"sum({accounts} == bool 0)", "not registered", instant=True),
        ],
        unit="none", thresholds=thresholds(SKY),
    )


def unread():
    return stat(
        "Phones whose accounts are not read",
        "Of these phones nobody knows whether they are registered; nothing here counts them.",
        [
            query(
                f"""sum({of('grandstream_endpoint_up', 'endpoint="accounts"')} == bool 0)""",
                instant=True,
            )
        ],
        unit="none", thresholds=thresholds(GREEN, (1, AMBER)),
    )


def lost_total():
    return stat(
        "Lost in the time shown",
        "How often an account lost its registration.",
        [query(f"sum({_within('resets', '$__range')})", instant=True)],
        unit="none", decimals=0, thresholds=thresholds(GREEN, (1, AMBER)),
    )


def _within(function, window):
    """Of registration, which is 1 or 0: `resets` counts losses, `changes` both ways."""
    seen = f"{function}({raw('grandstream_account_registered')}[{window}])"
    return f"({seen} unless on ({PHONE}) {raw('grandstream_phone_info', promql.OTHER)})"


def by_server():
    return timeseries(
        "Registered by SIP server",
        "Share of the accounts of each server that are registered. Below 70 % it is the server or "
        "the way to it, not the phones.",
        [query(f"avg by (server) ({account()})", "{{server}}")],
        unit="percentunit", decimals=0, max=1, zones=True, thresholds=BAND,
    )


def by_site():
    return timeseries(
        "Registered by site",
        "Share of the accounts of each site that are registered. One site alone points to its "
        "uplink or firewall.",
        [query(f"avg by (site) ({of('grandstream_account_registered')})", "{{site}}")],
        unit="percentunit", decimals=0, max=1, zones=True, thresholds=BAND,
    )


def unregistered():
    now = f"{account()} == 0"
    share = _within("avg_over_time", "$__range")
    lost = _within("resets", "$__range")
    gone = f"and on ({PHONE}, account) {of('grandstream_account_registered')} == 0"
    by = "by (site, phone, account)"
    return table(
        "Accounts that are not registered",
        "Now. In the time shown: for what share of it the account was registered all the same, and "
        "how often it lost its registration.",
        [
            query(f"group by (site, phone, account, server) ({now})", table=True),
            query(f"max {by} ({share} {gone})", table=True),
            query(f"max {by} ({lost} {gone})", table=True),
        ],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "account": column("Account", custom__width=80),
            "server": column("Server"),
            "Value #B": column(
                "Registered for", unit="percentunit", decimals=1, custom__width=120
            ),
            "Value #C": column("Lost", custom__width=70),
        },
        sort="Registered for", descending=True, noValue="None",
    )


def flapping():
    by = "by (site, phone, account)"
    return table(
        "Least steady accounts",
        "The 20 accounts whose registration changed most often in the time shown.",
        [query(f"topk(20, max {by} ({_within('changes', '$__range')}) > 0)", table=True)],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "account": column("Account", custom__width=80),
            "Value": column("Changes", custom__width=90),
        },
        sort="Changes", descending=True, noValue="None",
    )


def losses():
    lost = _within("resets", "$__rate_interval")
    info = raw("grandstream_account_info")
    expr = f"sum by (server) ({lost} * on ({PHONE}, account) group_left (server) {info})"
    return timeseries(
        "Registrations lost",
        "How many accounts lost their registration between two points, by server.",
        [query(expr, "{{server}}")],
        bars=True, unit="none", decimals=0,
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


def stuck():
    code = raw("grandstream_line_state_code")
    held = f"(max_over_time({code}[1h]) == min_over_time({code}[1h])) != 0"
    kept = f"({held}) unless on ({PHONE}) {raw('grandstream_phone_info', promql.OTHER)}"
    return table(
        "Lines that have not moved for an hour",
        "Lines that were busy in one and the same state at every poll of the last hour: very long "
        "calls, or lines that hang. A line first seen less than an hour ago counts since then.",
        [query(f"max by (site, phone, line) ({kept})", table=True)],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "line": column("Line", custom__width=80),
            "Value": column(
                "State", mappings=mapping(LINE), thresholds=thresholds(GREY),
                custom__cellOptions={"type": "color-text"}, custom__width=120,
            ),
        },
        sort="Phone", noValue="None",
    )


def make():
    return dashboard(
        common.REGISTRATIONS, "Phones / Registrations",
        "Which accounts are not registered, at which server, and what lines do.",
        tags=[common.TAG],
        variables=common.CHOICES,
        annotations=[common.critical_alerts(), common.reboots(enabled=False)],
        links=[common.MENU],
        rows=[
            (4, [(10, counts()), (7, unread()), (7, lost_total())]),
            (9, [(12, by_server()), (12, by_site())]),
            (9, [(14, unregistered()), (10, flapping())]),
            (8, [(12, losses()), (12, lines())]),
            (8, [(24, stuck())]),
        ],
    )
