"""
The dashboards as files to import into Grafana, made by Grafana's own builders.

    python -m deploys.controller.dashboards.grafana     write them into files/monitoring/dashboards/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard as DashboardBuilder
from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

from deploys.controller.dashboards import DASHBOARDS
from deploys.controller.dashboards.panel import WINDOW, Dashboard, Panel

DIRECTORY = Path("files/monitoring/dashboards")
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
UNITS = {
    "count": "short",
    "per second": "cps",
    "per minute": "cpm",
    "bytes": "bytes",
    "bytes per second": "Bps",
    "seconds": "s",
    "share": "percentunit",
    "yes or no": "bool_yes_no",
}
GOOD, BAD = "green", "red"
Kind = TypeVar("Kind", timeseries.Panel, bargauge.Panel)


def documents() -> Iterator[tuple[str, str]]:
    """The name and the text of each file."""
    for dashboard in DASHBOARDS:
        text = json.dumps(_dashboard(dashboard).build(), cls=JSONEncoder, indent=2, sort_keys=True)
        yield f"{dashboard.name}.json", f"{text}\n"


def _dashboard(dashboard: Dashboard) -> DashboardBuilder:
    builder = (
        DashboardBuilder(f"TracSeq: {dashboard.title}")
        .uid(f"tracseq-{dashboard.name}")
        .description(dashboard.about)
        .tags(["tracseq"])
        .time("now-6h", "now")
        .refresh("30s")
        .with_variable(DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    for number, panel in enumerate(dashboard.panels, 1):
        builder.with_panel((_bars(panel) if panel.now else _course(panel)).id(number))
    return builder


def _described(builder: Kind, panel: Panel) -> Kind:
    """What panels of every kind have."""
    builder.title(panel.title).description(panel.note).datasource(SOURCE).unit(UNITS[panel.unit])
    builder.min(0).span(12).height(8).thresholds(_thresholds(panel))
    return builder


def _course(panel: Panel) -> timeseries.Panel:
    legend = VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST)
    builder = _described(timeseries.Panel(), panel).legend(legend.placement(LegendPlacement.BOTTOM))
    if (panel.bad_above, panel.bad_below) != (None, None):
        builder.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    for target in _targets(panel):
        builder.with_target(target.range())
    return builder


def _bars(panel: Panel) -> bargauge.Panel:
    builder = (
        _described(bargauge.Panel(), panel)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    )
    for target in _targets(panel):
        builder.with_target(target.instant())
    return builder


def _targets(panel: Panel) -> Iterator[Dataquery]:
    for letter, query in zip("ABCDEF", panel.queries, strict=False):
        expression = query.expression.replace(WINDOW, "$__rate_interval")
        yield Dataquery().ref_id(letter).datasource(SOURCE).expr(expression).legend_format(query.legend)


def _thresholds(panel: Panel) -> ThresholdsConfig:
    """Where a value is bad; below the first step, its colour is that of the step without a value."""
    below, above = panel.bad_below, panel.bad_above
    steps = [Threshold(color=GOOD if below is None else BAD, value=None)]
    steps += [Threshold(color=GOOD, value=below)] if below is not None else []
    steps += [Threshold(color=BAD, value=above)] if above is not None else []
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def main() -> None:
    """Write the files, and take away those of dashboards that are no more."""
    DIRECTORY.mkdir(exist_ok=True)
    made = dict(documents())
    for path in DIRECTORY.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (DIRECTORY / name).write_text(text)


if __name__ == "__main__":
    main()
