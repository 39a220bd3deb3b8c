"""Exporter: whether the exporter keeps up, and what it costs."""

import common
from shape import column, dashboard, mapping, query, stat, table, thresholds, timeseries, variable
from words import AMBER, GREY, RED, SCRAPED, SKY, SUCCESS

OWN = 'job=~"$job", instance=~"$instance"'

JOB = variable(
    "job", "Job", "Scrape jobs that bring the exporter's own metrics",
    "label_values(grandstream_exporter_build_info, job)",
)
INSTANCE = variable(
    "instance", "Instance", "Exporters",
    'label_values(grandstream_exporter_build_info{job=~"$job"}, instance)', all_value=".+",
)


def of(metric, more=""):
    """The metric of the chosen exporters."""
    return f"{metric}{{{OWN}{', ' if more else ''}{more}}}"


def rate(metric, more=""):
    """What was added each second."""
    return f"rate({of(metric, more)}[$__rate_interval])"


def scraped():
    return stat(
        "Exporter",
        "Whether the last scrape of each exporter succeeded.",
        [query(f"min by (instance) ({of('up')})", "{{instance}}", instant=True)],
        mappings=mapping(SCRAPED), thresholds=thresholds(GREY),
    )


def phones():
    return stat(
        "Phones",
        "Phones that are polled from here.",
        [query(f"sum({of('grandstream_exporter_phones')})", instant=True)],
        unit="none", thresholds=thresholds(SKY),
    )


def reload_state():
    return stat(
        "Configuration",
        "Whether the last attempt to read the configuration succeeded. If not, the one before "
        "stays in force; the log says why.",
        [
            query(
                f"min({of('grandstream_exporter_config_last_reload_successful')})", instant=True
            )
        ],
        mappings=mapping(SUCCESS), thresholds=thresholds(GREY),
    )


def reload_age():
    at = of("grandstream_exporter_config_last_reload_success_timestamp_seconds")
    return stat(
        "Configuration read",
        "How long ago the configuration was last read without faults.",
        [query(f"time() - min({at})", instant=True)],
        unit="dtdurations", thresholds=thresholds(SKY),
    )


def running():
    return stat(
        "Running for",
        "Since the process started. Short times again and again are a crash loop.",
        [query(f"time() - max({of('process_start_time_seconds')})", instant=True)],
        unit="dtdurations", thresholds=thresholds(AMBER, (600, SKY)),
    )


def versions():
    return table(
        "Versions",
        "What runs: version, commit and compiler.",
        [
            query(
                "group by (instance, version, revision, rustversion) "
                f"({of('grandstream_exporter_build_info')})",
                table=True,
            )
        ],
        {
            "instance": column("Instance"),
            "version": column("Version", custom__width=90),
            "revision": column("Revision"),
            "rustversion": column("Rust", custom__width=90),
        },
    )


def histogram(title, description, metric):
    buckets = f"sum by (le) ({rate(metric + '_bucket')})"
    mean = f"sum({rate(metric + '_sum')}) / sum({rate(metric + '_count')})"
    return timeseries(
        title, description,
        [
            query(f"histogram_quantile(0.5, {buckets})", "median"),
            query(f"histogram_quantile(0.95, {buckets})", "95 %"),
            query(f"histogram_quantile(0.99, {buckets})", "99 %"),
            query(mean, "mean"),
        ],
        unit="s",
    )


def durations():
    return histogram(
        "How long polls take", "Polls of all phones, failed ones included.",
        "grandstream_exporter_poll_duration_seconds",
    )


def lag():
    return histogram(
        "How late polls begin",
        "Against their schedule. If this grows, the machine or `poll.max_in_flight` is too small.",
        "grandstream_exporter_poll_schedule_lag_seconds",
    )


def throughput():
    total = rate("grandstream_exporter_poll_duration_seconds_count")
    skipped = rate("grandstream_exporter_polls_skipped_total")
    return timeseries(
        "Polls",
        "Polls that ended each second, and those that did not take place: `running` while the poll "
        "before was not over, `saturated` while too many were under way, `paused` while the exporter "
        "did not run.",
        [
            query(f"sum({total})", "polls"),
            query(f"sum by (reason) ({skipped})", "skipped: {{reason}}"),
        ],
        unit="ops",
    )


def in_flight():
    return timeseries(
        "Polls under way",
        "At the moment of the scrape. `poll.max_in_flight` bounds it.",
        [
            query(
                f"sum by (instance) ({of('grandstream_exporter_polls_in_flight')})",
                "{{instance}}",
            )
        ],
        unit="none", decimals=0,
    )


def errors():
    return timeseries(
        "Poll errors by reason",
        "What failed in polls of all phones, each second. A poll counts once for each reason, so the "
        "sum is not the number of polls that failed.",
        [
            query(
                f"sum by (reason) ({rate('grandstream_exporter_poll_errors_total')}) > 0",
                "{{reason}}",
            )
        ],
        stacked=True, unit="ops",
    )


def dropped():
    return timeseries(
        "Left out of answers",
        "What phones sent beyond the bounds, each second, by reason. Anything here is worth a look "
        "at the phone with `probe`.",
        [query(f"sum by (reason) ({rate('grandstream_exporter_dropped_total')})", "{{reason}}")],
        unit="ops",
    )


def requests():
    return timeseries(
        "Requests",
        "Requests answered each second, by what was asked and how it was answered.",
        [
            query(
                f"sum by (handler, code) ({rate('grandstream_exporter_http_requests_total')}) > 0",
                "{{handler}} {{code}}",
            )
        ],
        stacked=True, unit="reqps",
    )


def scrape_time():
    return timeseries(
        "Scrapes",
        "How long Prometheus' scrapes take. They never wait for a phone.",
        [
            query(
                f"max by (instance) ({of('scrape_duration_seconds')})",
                "{{instance}}",
            )
        ],
        unit="s",
    )


def series():
    return timeseries(
        "Series of phones",
        "Series of phones on the page of metrics: what Prometheus has to keep.",
        [query(f"sum by (instance) ({of('grandstream_exporter_series')})", "{{instance}}")],
        unit="short",
    )


def memory():
    return timeseries(
        "Memory",
        "What the process holds in RAM.",
        [query(of("process_resident_memory_bytes"), "{{instance}}")],
        unit="bytes",
    )


def cpu():
    return timeseries(
        "Processor",
        "Cores in use.",
        [query(rate("process_cpu_seconds_total"), "{{instance}}")],
        unit="percentunit",
    )


def descriptors():
    return timeseries(
        "File descriptors",
        "Share of the open files that the process may have.",
        [query(f"{of('process_open_fds')} / {of('process_max_fds')}", "{{instance}}")],
        unit="percentunit", decimals=1, zones=True,
        thresholds=thresholds("transparent", (0.7, AMBER), (0.9, RED)),
    )


def make():
    return dashboard(
        common.EXPORTER, "Phones / Exporter",
        "Whether the exporter keeps up, and what it costs.",
        tags=[common.TAG],
        variables=[JOB, INSTANCE],
        annotations=[common.reloads()],
        links=[common.MENU],
        rows=[
            (4, [(5, scraped()), (4, phones()), (5, reload_state()), (5, reload_age()),
                 (5, running())]),
            (8, [(12, durations()), (12, lag())]),
            (8, [(12, throughput()), (12, errors())]),
            (8, [(12, in_flight()), (12, dropped())]),
            (8, [(12, requests()), (12, scrape_time())]),
            (8, [(12, series()), (12, descriptors())]),
            (8, [(12, memory()), (12, cpu())]),
            (5, [(24, versions())]),
        ],
    )
