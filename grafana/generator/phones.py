"""Phone: everything that is known of one phone, and what happened to it."""

import common
from promql import PHONE, raw
from shape import column, dashboard, link, mapping, override, query, stat, table, thresholds
from shape import timeline, timeseries, variable
from words import AMBER, GREEN, GREY, HEALTH, HELD_BACK, LINE, MATCHES, RED, REGISTERED
from words import TRUE_OF_IT, UNDERSTOOD

ONE = 'phone="$phone"'


def of(metric, more=""):
    """The metric of the chosen phone."""
    return raw(metric, f"{ONE}, {more}" if more else ONE)


PHONE_CHOICE = variable(
    "phone", "Phone", "One phone, by its configured name",
    'label_values(grandstream_up{job=~"$job", site=~"$site"}, phone)', several=False,
)
ADDRESS = variable(
    "address", "Address", "For the link to the phone's own web page",
    'label_values(grandstream_phone_info{job=~"$job", site=~"$site", phone="$phone"}, address)',
    several=False, hidden=True,
)
PLAIN = of("grandstream_phone_posture", 'check="plain_http"')
SCHEME = variable(
    "scheme", "Scheme", "For the link to the phone's own web page",
    f'query_result(label_replace({PLAIN} == 1, "scheme", "http", "", "") '
    f'or label_replace({PLAIN} == 0, "scheme", "https", "", ""))',
    several=False, hidden=True, regex='/scheme="([a-z]+)"/',
)


def state():
    return stat(
        "State",
        "As of the last poll. Not readable: it answers, but not to us, after a wrong password, a "
        "lock, or because another device is there.",
        [query(f"min({of('grandstream_up')} + {of('grandstream_reachable')})", instant=True)],
        colour="background", mappings=mapping(HEALTH), thresholds=thresholds(GREY),
    )


def trouble():
    return stat(
        "Trouble",
        "Each reason why something failed in the last poll. What to do is in the README.",
        [query(f"max by (reason) ({of('grandstream_poll_error')})", "{{reason}}", instant=True)],
        text="name", thresholds=thresholds(AMBER), noValue="none",
    )


def registered():
    accounts = of("grandstream_account_registered")
    return stat(
        "Accounts now",
        "Registered accounts, and all that are set up.",
        [
            query(f"sum({accounts})", "registered", instant=True),
            query(f"count({accounts})", "set up", instant=True),
        ],
        unit="none", thresholds=thresholds(GREY), noValue="not read",
        overrides=[override("registered", thresholds=thresholds(RED, (1, GREEN)))],
    )


def up_for():
    return stat(
        "Up for",
        "Since the last boot, by the phone's own uptime.",
        [query(f"time() - max({of('grandstream_boot_time_seconds')})", instant=True)],
        unit="dtdurations", thresholds=thresholds(AMBER, (3600, GREEN)), noValue="not read",
    )


def last_good():
    last = of("grandstream_poll_last_success_timestamp_seconds")
    return stat(
        "Last good poll",
        "How long ago a poll found the phone up.",
        [query(f"time() - max({last})", instant=True)],
        unit="s", decimals=0, thresholds=thresholds(GREEN, (90, AMBER), (300, RED)),
        noValue="never",
    )


def logins_held():
    return stat(
        "Logins",
        "Held back after a refused password, so that the phone does not lock itself.",
        [query(f"max({of('grandstream_login_blocked')})", instant=True)],
        mappings=mapping(HELD_BACK), thresholds=thresholds(GREY),
    )


def clock():
    return stat(
        "Clock",
        "The phone's clock minus the exporter's, in whole minutes. Only with `metrics.clock` and "
        "a `time_zone` for the phone.",
        [query(f"max({of('grandstream_time_offset_seconds')})", instant=True)],
        unit="s", thresholds=thresholds(RED, (-179, AMBER), (-60, GREEN), (61, AMBER), (180, RED)),
        noValue="not compared",
    )


def certificate():
    expiry = of("grandstream_tls_certificate_expiry_timestamp_seconds")
    return stat(
        "Certificate",
        "Days until the phone's certificate expires. Only over HTTPS.",
        [query(f"(max({expiry}) - time()) / 86400", instant=True)],
        unit="d", decimals=0, thresholds=thresholds(RED, (7, AMBER), (21, GREEN)),
        noValue="no HTTPS",
    )


def muted():
    return stat(
        "Muted",
        "By a silence or a window that covers the phone: its alerts are not said.",
        [query(f"max by (by) ({of('grandstream_phone_muted')})", "{{by}}", instant=True)],
        text="name", thresholds=thresholds(AMBER), noValue="no",
    )


def identity():
    return table(
        "Identity",
        "What the phone is, as of the last poll that read it. The address opens the phone's own "
        "web page.",
        [
            query(
                "group by (site, vendor, model, firmware, hardware, address) "
                f"({of('grandstream_phone_info')})",
                table=True,
            )
        ],
        {
            "model": column("Model"),
            "firmware": column("Firmware"),
            "hardware": column("Hardware"),
            "vendor": column("Vendor"),
            "site": column("Site", links=[common.SITE_CELL]),
            "address": column("Address", links=[WEB]),
        },
    )


WEB = {
    "title": "The phone's own web page",
    "url": "${scheme}://${__data.fields.Address}/",
    "targetBlank": True,
}


def health_over_time():
    up, reachable = of("grandstream_up"), of("grandstream_reachable")
    return timeline(
        "Health",
        "Whether the phone could be read. A gap is a time without a scrape.",
        [query(f"min by (phone) ({up} + {reachable})", "phone")],
        HEALTH,
    )


def registration_over_time():
    account = of("grandstream_account_registered")
    info = of("grandstream_account_info")
    expr = f"{account} * on ({PHONE}, account) group_left (server) {info}"
    return timeline(
        "Registration",
        "Each account over time. A phone says registered until its next REGISTER fails. A gap is "
        "a time in which the phone could not be read.",
        [query(f"max by (account, server) ({expr})", "account {{account}} at {{server}}")],
        REGISTERED,
    )


def lines_over_time():
    return timeline(
        "Lines",
        "The state of each line at each poll; what is shorter than a poll is not seen. A gap is a "
        "time in which the phone could not be read. Empty unless `metrics.lines` is per_line.",
        # Of one line `max` merges what is scraped twice; codes are never aggregated over lines.
        [query(f"max by (line) ({of('grandstream_line_state_code')})", "line {{line}}")],
        LINE,
    )


def reads_over_time():
    return timeline(
        "What could be read",
        "Each part of a poll: whether its last answer was understood.",
        [query(f"max by (endpoint) ({of('grandstream_endpoint_up')})", "{{endpoint}}")],
        UNDERSTOOD,
    )


def polls():
    return timeseries(
        "Polls",
        "How long the last poll took.",
        [query(f"max({of('grandstream_poll_duration_seconds')})", "last poll")],
        unit="s",
    )


def errors():
    failed = f"rate({of('grandstream_poll_failures_total')}[$__rate_interval])"
    logins = f"rate({of('grandstream_logins_total')}[$__rate_interval])"
    refused = f"rate({of('grandstream_login_failures_total')}[$__rate_interval])"
    ended = f"rate({of('grandstream_sessions_expired_total')}[$__rate_interval])"
    return timeseries(
        "Failures and logins",
        "Failed polls, logins, refused logins and ended sessions, each per minute. A login with "
        "every poll means that another program ends our sessions.",
        [
            query(f"sum({failed}) * 60", "failed polls"),
            query(f"sum({logins}) * 60", "logins"),
            query(f"sum({refused}) * 60", "refused logins"),
            query(f"sum({ended}) * 60", "ended sessions"),
        ],
        unit="none", decimals=2,
    )


def accounts():
    account = of("grandstream_account_registered")
    share = f"avg_over_time({account}[$__range])"
    changes = f"changes({account}[$__range])"
    return table(
        "Accounts",
        "Each account now, and in the time shown: how often its registration changed, and for what "
        "share of it the account was registered.",
        [
            query(f"group by (account, server) ({of('grandstream_account_info')})", table=True),
            query(f"max by (account) ({account})", table=True),
            query(f"max by (account) ({changes})", table=True),
            query(f"max by (account) ({share})", table=True),
        ],
        {
            "account": column("Account", custom__width=80),
            "server": column("Server"),
            "Value #B": column(
                "State", mappings=mapping(REGISTERED), thresholds=thresholds(GREY),
                custom__cellOptions={"type": "color-background", "mode": "basic"},
                custom__width=130,
            ),
            "Value #C": column("Changes", custom__width=80),
            "Value #D": column(
                "Registered for", unit="percentunit", decimals=1, custom__width=120
            ),
        },
        sort="Account",
    )


def expected():
    return table(
        "P-values as expected",
        "Each P-value that `expect` speaks of. Neither the value nor what it should be is shown.",
        [query(f"min by (pvalue) ({of('grandstream_pvalue_matches')})", table=True)],
        {
            "pvalue": column("P-value", custom__width=90),
            "Value": column(
                "State", mappings=mapping(MATCHES), thresholds=thresholds(GREY),
                custom__cellOptions={"type": "color-background", "mode": "basic"},
            ),
        },
        sort="State",
    )


def published():
    return table(
        "Published P-values",
        "The P-values that `pvalues` asks to publish: texts, and numbers.",
        [
            query(f"group by (pvalue, value) ({of('grandstream_pvalue_info')})", table=True),
            query(f"max by (pvalue) ({of('grandstream_pvalue_number')})", table=True),
        ],
        {
            "pvalue": column("P-value", custom__width=90),
            "value": column("Text"),
            "Value #B": column("Number"),
        },
        sort="P-value",
    )


def posture():
    return table(
        "Weaknesses",
        "How the phone is spoken to: with its default password, without TLS, or without knowing "
        "its certificate.",
        [query(f"max by (check) ({of('grandstream_phone_posture')})", table=True)],
        {
            "check": column("Weakness"),
            "Value": column(
                "True of it", mappings=mapping(TRUE_OF_IT), thresholds=thresholds(GREY),
                custom__cellOptions={"type": "color-text"}, custom__width=90,
            ),
        },
        sort="True of it", descending=True,
    )


def make():
    web = link("The phone's own web page", "${scheme}://${address}/", "Opens beside Grafana")
    return dashboard(
        common.PHONE_UID, "Phones / Phone",
        "Everything that is known of one phone, and what happened to it.",
        tags=[common.TAG],
        variables=[common.JOB, common.SITES, PHONE_CHOICE, ADDRESS, SCHEME],
        annotations=[common.reboots(ONE), common.firmware_changes(ONE)],
        links=[common.MENU, web],
        rows=[
            (4, [(4, state()), (4, trouble()), (4, registered()), (4, up_for()),
                 (4, last_good()), (4, logins_held())]),
            (4, [(12, identity()), (4, clock()), (4, certificate()), (4, muted())]),
            (5, [(24, health_over_time())]),
            (7, [(24, registration_over_time())]),
            (8, [(24, lines_over_time())]),
            (8, [(12, polls()), (12, errors())]),
            (8, [(12, accounts()), (12, reads_over_time())]),
            (8, [(8, expected()), (8, published()), (8, posture())]),
        ],
    )
