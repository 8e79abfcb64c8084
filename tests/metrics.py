"""Which metrics PromQL names."""

from __future__ import annotations

import re

FUNCTIONS = frozenset({
    "abs", "and", "avg", "avg_over_time", "count", "deriv", "histogram_quantile", "increase", "label_replace",
    "max",
    "max_over_time", "min", "min_over_time", "offset", "or", "predict_linear", "rate", "sort_desc", "sum", "time",
    "timestamp", "vector", "bool", "unless",
})  # fmt: skip
"""Words of expressions that are no metrics."""
TEXTS = re.compile(r"\"[^\"]*\"")
LABELS = re.compile(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|on|group_left)\s*\([^)]*\)")


def named(expression: str) -> set[str]:
    """The names of the metrics in an expression."""
    bare = LABELS.sub(" ", TEXTS.sub(" ", expression))
    return set(re.findall(r"(?<![\w.$])[a-z_]\w*", bare)) - FUNCTIONS
