"""Fleet: how all phones are, at a glance, and which of them need somebody."""

import common
import promql
from promql import CHOSEN, PHONE, account, alerts, health, missed, of, raw
from shape import bars, column, dashboard, mapping, override, query, stat, table, thresholds
from shape import timeseries
from words import AMBER, GREEN, GREY, HEALTH, RED, SKY

CRITICAL = 'severity="critical"'
OF_A_PHONE = 'phone!=""'

NONE_IS_GOOD = thresholds(GREEN, (1, RED))
RATIO = thresholds(RED, (0.9, AMBER), (0.98, GREEN))
UP_RATIO = thresholds(RED, (0.9, AMBER), (1, GREEN))


def phones():
    portable = raw("grandstream_phone_portable")
    away = f"{of('grandstream_up')} == 0 and on ({PHONE}) {portable} == 1"
    return stat(
        "Phones",
        "Up: the last poll read accounts or lines. Down: all others, whether they are silent or "
        "refuse the exporter; away, if they are portable.",
        [
            query(f"sum({of('grandstream_up')})", "up", instant=True),
            query(f"sum({missed('grandstream_up')} == bool 0)", "down", instant=True),
            query(f"count({away}) or vector(0)", "away", instant=True),
            query(f"count({of('grandstream_up')})", "all", instant=True),
        ],
        unit="none",
        thresholds=thresholds(GREY),
        overrides=[
            override("up", thresholds=thresholds(GREEN)),
            override("down", thresholds=NONE_IS_GOOD),
        ],
    )


def registered():
    return stat(
        "Accounts registered",
        "Share of the SIP accounts of readable phones that are registered, in a call or not. "
        "Amber below 98 %, red below 90 %.",
        [query(f"avg({of('grandstream_account_registered')})", instant=True)],
        unit="percentunit", decimals=1, thresholds=RATIO, noValue="no account read",
    )


def critical():
    return stat(
        "Critical alerts",
        "Firing alerts of severity critical that nothing keeps from being said: those that the "
        "exporter judges, and those of prometheus/alerts.yml; without either this stays 0.",
        [query(f"count({alerts(CRITICAL)}) or vector(0)", instant=True)],
        unit="none", thresholds=NONE_IS_GOOD,
    )


def outages():
    reachable = missed("grandstream_reachable")
    expr = (
        f"count(avg by (site) ({reachable}) <= 0.5 and sum by (site) ({reachable} == bool 0) >= 3)"
        " or vector(0)"
    )
    return stat(
        "Sites with an outage",
        "Sites where at least half of the phones, and three or more, do not answer at all; "
        "portable ones do not count.",
        [query(expr, instant=True)],
        unit="none", thresholds=NONE_IS_GOOD,
    )


def firmware_as_expected():
    matches = of("grandstream_pvalue_matches", 'pvalue="68"')
    return stat(
        "Firmware as expected",
        "Share of the phones with a firmware (P68) that their `expect` allows.",
        [query(f"avg({matches})", instant=True)],
        unit="percentunit", decimals=1, thresholds=RATIO, noValue="nothing expected",
    )


def drift():
    matches = of("grandstream_pvalue_matches")
    return stat(
        "Phones that differ",
        "Phones with at least one P-value that is not as their `expect` says.",
        [query(f"sum(min without (pvalue) ({matches}) == bool 0)", instant=True)],
        unit="none", thresholds=thresholds(GREEN, (1, AMBER)), noValue="nothing expected",
    )


def oldest():
    last = of("grandstream_poll_last_success_timestamp_seconds")
    return stat(
        "Longest without a good poll",
        "Of all phones that were ever up, how long ago the last good poll of the worst one is.",
        [query(f"max(time() - {last})", instant=True)],
        unit="s", decimals=0, thresholds=thresholds(GREEN, (90, AMBER), (300, RED)),
    )


def sites():
    return stat(
        "Sites",
        "Share of the phones of each site that are up, without portable ones. Red below 90 %, "
        "green only when all are. A click opens the site.",
        [query(f"avg by (site) ({missed('grandstream_up')})", "{{site}}", instant=True)],
        colour="background", text="value_and_name",
        unit="percentunit", decimals=0, thresholds=UP_RATIO, links=[common.SITE_LINK],
    )


def phone_table():
    by = "by (site, phone)"
    expected = f"sum {by} ({of('grandstream_pvalue_matches')} == bool 0)"
    columns = {
        "Value #A": column(
            "State", mappings=mapping(HEALTH), custom__width=120,
            custom__cellOptions={"type": "color-background", "mode": "basic"},
            thresholds=thresholds(GREY),
        ),
        "phone": column("Phone", links=[common.PHONE_CELL]),
        "site": column("Site", links=[common.SITE_CELL], custom__width=100),
        "reason": column("Trouble", custom__width=100),
        "Value #B": column("Registered", custom__width=85),
        "Value #C": column("Accounts", custom__width=75),
        "model": column("Model", custom__width=90),
        "firmware": column("Firmware", custom__width=90),
        "Value #D": column("Last good poll", unit="s", decimals=0, custom__width=110),
        "Value #E": column("Up for", unit="dtdurations", custom__width=130),
        "Value #F": column("Differs", custom__width=70),
        "Value #G": column("Alerts", custom__width=70),
        "address": column("Address", links=[common.WEB_CELL]),
        "scheme": column("Scheme", custom__width=75),
        "by": column("Muted", custom__width=75),
    }
    seen = of("grandstream_poll_last_success_timestamp_seconds")
    return table(
        "All phones",
        "One line a phone, the troubled first. Trouble is one reason why something failed in the "
        "last poll; what is not known is empty. Muted phones are covered by a silence or a window. "
        "The name opens the phone, the address its own web page.",
        [
            query(f"min {by} ({health()})", table=True),
            query(f"sum {by} ({of('grandstream_account_registered')})", table=True),
            query(f"count {by} ({of('grandstream_account_registered')})", table=True),
            query(f"max {by} (time() - {seen})", table=True),
            query(f"max {by} (time() - {of('grandstream_boot_time_seconds')})", table=True),
            query(expected, table=True),
            query(f"count {by} ({alerts(OF_A_PHONE)})", table=True),
            query(
                "group by (site, phone, model, firmware, address) "
                f"({of('grandstream_phone_info')})",
                table=True,
            ),
            query(common.reason_of(), table=True),
            query(promql.scheme(), table=True),
            query(common.muted(), table=True),
        ],
        columns, sort="State",
    )


def down_by_site():
    return timeseries(
        "Phones down",
        "Phones that are not up, by site, without portable ones.",
        [query(f"sum by (site) ({missed('grandstream_up')} == bool 0)", "{{site}}")],
        stacked=True, unit="none", decimals=0,
    )


def reasons():
    return timeseries(
        "Why polls fail",
        "Phones whose last poll failed in some part, by reason. The reasons and what to do are in "
        "the README.",
        [query(f"count by (reason) ({of('grandstream_poll_error')})", "{{reason}}")],
        stacked=True, unit="none", decimals=0,
    )


def accounts_by_server():
    return timeseries(
        "Accounts by SIP server",
        "Registered accounts of each SIP server, and dashed all accounts set up for it. Both "
        "fall together where phones cannot be read.",
        [
            query(f"sum by (server) ({account()})", "{{server}} registered"),
            query(f"count by (server) ({account()})", "{{server}} all"),
        ],
        unit="none", decimals=0,
        overrides=[_dashed("/ all$/")],
    )


def _dashed(pattern):
    dashes = {"dash": [8, 8], "fill": "dash"}
    return {
        "matcher": {"id": "byRegexp", "options": pattern},
        "properties": [{"id": "custom.lineStyle", "value": dashes}],
    }


def firmware():
    return bars(
        "Models and firmware",
        "Phones by model and firmware, as far as they can be read.",
        [
            query(
                f"sort_desc(count by (model, firmware) ({of('grandstream_phone_info')}))",
                "{{model}} {{firmware}}", instant=True,
            )
        ],
        unit="none", decimals=0, thresholds=thresholds(SKY),
    )


def unsteady():
    changes = f'changes({raw("grandstream_account_registered")}[$__range])'
    kept = f"{changes} unless on ({PHONE}) {raw('grandstream_phone_info', promql.OTHER)}"
    return table(
        "Least steady accounts",
        "The ten accounts that most often registered or lost their registration in the time shown.",
        [query(f"topk(10, sum by (site, phone, account) ({kept}) > 0)", table=True)],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL]),
            "account": column("Account", custom__width=90),
            "Value": column("Changes", custom__width=90),
        },
        sort="Changes", descending=True, noValue="None",
    )


def reboots():
    return timeseries(
        "Reboots",
        "Reboots seen by the phones' uptime, by site; an hour a bar or more.",
        [
            query(
                f'sum by (site) (increase(grandstream_reboots_total{{{CHOSEN}}}[$__interval]))',
                "{{site}}",
            )
        ],
        bars=True, unit="none", decimals=0, interval="1h",
    )


def held_back():
    return stat(
        "Logins held back",
        "Phones that refused a password and are left alone for a while, so that they do not lock "
        "themselves. Correct the password file.",
        [query(f"sum({of('grandstream_login_blocked')})", instant=True)],
        unit="none", thresholds=NONE_IS_GOOD,
    )


def make():
    return dashboard(
        common.FLEET, "Phones / Fleet",
        "How all phones are, and which of them need somebody.",
        tags=[common.TAG],
        variables=common.CHOICES,
        annotations=[
            common.critical_alerts(),
            common.reboots(enabled=False),
            common.firmware_changes(enabled=False),
            common.reloads(),
        ],
        links=[common.MENU],
        rows=[
            (5, [(8, phones()), (4, registered()), (4, critical()), (4, outages()),
                 (4, held_back())]),
            (4, [(6, firmware_as_expected()), (6, drift()), (12, oldest())]),
            (5, [(24, sites())]),
            (12, [(24, phone_table())]),
            (9, [(12, down_by_site()), (12, reasons())]),
            (9, [(12, accounts_by_server()), (12, firmware())]),
            (9, [(12, unsteady()), (12, reboots())]),
        ],
    )
