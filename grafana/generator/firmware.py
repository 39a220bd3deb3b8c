"""Firmware and configuration: what runs where, and what is not as it should be."""

import common
from promql import PHONE, of, raw
from shape import bars, column, dashboard, query, stat, table, thresholds, timeseries
from words import AMBER, GREEN, RED, SKY

FIRMWARE = 'pvalue="68"'
SOME = thresholds(GREEN, (1, AMBER))


def as_expected():
    return stat(
        "Firmware as expected",
        "Share of the phones with a firmware (P68) that their `expect` allows.",
        [query(f"avg({of('grandstream_pvalue_matches', FIRMWARE)})", instant=True)],
        unit="percentunit", decimals=1, thresholds=thresholds(RED, (0.9, AMBER), (0.98, GREEN)),
        noValue="nothing expected",
    )


def differing():
    matches = of("grandstream_pvalue_matches")
    return stat(
        "Phones that differ",
        "Phones with at least one P-value that is not as their `expect` says.",
        [query(f"sum(min without (pvalue) ({matches}) == bool 0)", instant=True)],
        unit="none", thresholds=SOME, noValue="nothing expected",
    )


def unread():
    values = of("grandstream_endpoint_up", 'endpoint="values"')
    return stat(
        "Phones whose values are not read",
        "Of these neither firmware nor configuration is known; nothing else here counts them.",
        [query(f"sum({values} == bool 0)", instant=True)],
        unit="none", thresholds=SOME,
    )


def weaknesses():
    return stat(
        "Phones with a weakness",
        "How phones are spoken to: with the default password, without TLS, or without knowing "
        "their certificate.",
        [
            query(
                f"sum by (check) ({of('grandstream_phone_posture')})", "{{check}}", instant=True
            )
        ],
        unit="none", thresholds=SOME,
    )


def matrix():
    return table(
        "Models and firmware",
        "How many phones of each model run each firmware.",
        [query(f"count by (model, firmware) ({of('grandstream_phone_info')})", table=True)],
        {}, matrix=("model", "firmware", "Value"),
    )


def over_time():
    return timeseries(
        "Firmware over time",
        "Phones by firmware: how a roll-out goes. The sum falls where phones cannot be read.",
        [query(f"count by (firmware) ({of('grandstream_phone_info')})", "{{firmware}}")],
        stacked=True, unit="none", decimals=0,
    )


def unexpected_firmware():
    expr = (
        f"{of('grandstream_phone_info')} and on ({PHONE}) "
        f"({raw('grandstream_pvalue_matches', FIRMWARE)} == 0)"
    )
    return table(
        "Phones with other firmware",
        "Phones whose firmware (P68) is not what their `expect` allows.",
        [query(f"group by (site, phone, model, firmware, address) ({expr})", table=True)],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "model": column("Model", custom__width=110),
            "firmware": column("Firmware", custom__width=120),
            "address": column("Address"),
        },
        sort="Phone", noValue="None",
    )


def by_parameter():
    matches = of("grandstream_pvalue_matches")
    return bars(
        "What differs most",
        "The 20 P-values that most phones have otherwise than expected, and on how many.",
        [
            query(
                f"topk(20, sum by (pvalue) ({matches} == bool 0) > 0)", "P{{pvalue}}",
                instant=True,
            )
        ],
        unit="none", decimals=0, thresholds=thresholds(AMBER), noValue="Nothing",
    )


def differences():
    return table(
        "All differences",
        "Each P-value of each phone that is not as expected.",
        [
            query(
                f"group by (site, phone, pvalue) ({of('grandstream_pvalue_matches')} == 0)",
                table=True,
            )
        ],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "pvalue": column("P-value", custom__width=90),
        },
        sort="Phone", noValue="None",
    )


def certificates():
    expiry = of("grandstream_tls_certificate_expiry_timestamp_seconds")
    return table(
        "Certificates",
        "Days until the certificates of phones on HTTPS expire, the next first. Amber below 21, "
        "red below 7.",
        [query(f"min by (site, phone) (({expiry} - time()) / 86400)", table=True)],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "Value": column(
                "Days left", unit="d", decimals=0, custom__width=110,
                thresholds=thresholds(RED, (7, AMBER), (21, GREEN)),
                custom__cellOptions={"type": "color-text"},
            ),
        },
        sort="Days left", noValue="No phone on HTTPS",
    )


def passwords():
    candidate = of("grandstream_login_candidate")
    return bars(
        "Passwords in use",
        "Which of the configured passwords opened the last session, counted from 1: how a change "
        "of passwords goes.",
        [query(f'count_values("candidate", {candidate})', "password {{candidate}}", instant=True)],
        unit="none", decimals=0, thresholds=thresholds(SKY),
    )


def weak_phones():
    return table(
        "Weaknesses by phone",
        "Phones that are spoken to with the default password, without TLS, or without knowing "
        "their certificate.",
        [
            query(
                f"group by (site, phone, check) ({of('grandstream_phone_posture')} == 1)",
                table=True,
            )
        ],
        {
            "phone": column("Phone", links=[common.PHONE_CELL]),
            "site": column("Site", links=[common.SITE_CELL], custom__width=110),
            "check": column("Weakness", custom__width=150),
        },
        sort="Weakness", noValue="None",
    )


def make():
    return dashboard(
        common.FIRMWARE, "Phones / Firmware and configuration",
        "What runs where, and what is not as it should be.",
        tags=[common.TAG],
        variables=common.CHOICES,
        annotations=[common.firmware_changes(), common.reboots(enabled=False)],
        links=[common.MENU],
        time_from="now-7d",
        rows=[
            (4, [(5, as_expected()), (5, differing()), (5, unread()), (9, weaknesses())]),
            (8, [(12, matrix()), (12, over_time())]),
            (8, [(14, unexpected_firmware()), (10, by_parameter())]),
            (8, [(12, differences()), (12, weak_phones())]),
            (8, [(14, certificates()), (10, passwords())]),
        ],
    )
