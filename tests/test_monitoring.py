"""What comes with the line for Prometheus and Grafana can be read, and asks for nothing that is not there."""

import json
import re

import promql_parser
import pytest
import yaml
from support import ROOT

from wats_worker.control.descriptors import METRICS, Kind

MONITORING = ROOT / "monitoring"
RULES = yaml.safe_load((MONITORING / "prometheus/rules.yml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((MONITORING / "grafana/dashboards/wats-line.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = sorted(
    {rule["expr"] for rule in ALERTS} | {target["expr"] for panel in PANELS for target in panel["targets"]}
)
SERIES = {
    f"{metric.name}{ending}": {*metric.labels, *({"le"} if ending == "_bucket" else ())}
    for metric in METRICS
    for ending in (("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",))
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_is_promql_over_metrics_that_exist(expression):
    """A name that nobody tells any more is an alarm that never rings."""
    promql_parser.parse(expression)

    told = set(re.findall(r"\bwats_[a-z_]+", expression))
    asked = set(re.findall(r"\bby \(([^)]*)\)|\b([a-z]+)=~?\"", expression))
    labels = {label.strip() for group, one in asked for label in [*group.split(","), one] if label.strip()}
    assert told <= SERIES.keys()
    assert labels <= {"job"}.union(*(SERIES[name] for name in told))


def test_every_alarm_says_what_is_wrong_and_what_to_do():
    """To whoever is woken by it."""
    for alert in ALERTS:
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert alert["annotations"].keys() == {"summary", "description"}
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS)


def test_the_dashboard_shows_every_kind_of_trouble_that_rings():
    """Whoever is woken finds what woke them: each metric of an alarm is in a picture."""
    shown = {
        name
        for panel in PANELS
        for target in panel["targets"]
        for name in re.findall(r"\bwats_[a-z_]+", target["expr"])
    }
    ringing = {name for alert in ALERTS for name in re.findall(r"\bwats_[a-z_]+", alert["expr"])}

    told_otherwise = {"wats_worker_complaints", "wats_parked_messages", "wats_stage_seconds_count"}
    told_otherwise |= {"wats_spool_writable", "wats_queue_depth"}
    assert ringing - told_otherwise <= shown


def test_what_is_provisioned_fits_together():
    """The dashboard's source is the one that Grafana is given, and Prometheus reads these rules."""
    grafana = MONITORING / "grafana/provisioning"
    (source,) = yaml.safe_load((grafana / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((grafana / "dashboards/wats.yml").read_text())["providers"]
    prometheus = yaml.safe_load((MONITORING / "prometheus/prometheus.yml").read_text())

    assert {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]} == {source["uid"]}
    assert provider["type"] == "file"
    assert prometheus["rule_files"] == ["rules.yml"]
    assert [job["job_name"] for job in prometheus["scrape_configs"]] == ["wats-worker"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
