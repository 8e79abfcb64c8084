"""What the models of a site's data have in common: README's tables are made of what they say of each value."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Data(BaseModel):
    """Values of a site's data: those of one file of group_data that concern one role, or every host."""

    # All files give their values to the same host; what no model knows is refused by unknown.py.
    model_config = ConfigDict(extra="ignore", frozen=True)


def value(what: str, source: str = "", **constraints: Any) -> Any:
    """
    A value of the data.

    Args:
        what: what it is, in a few words, as README lists it
        source: where its default comes from, such as "guide: 1 GB"
        **constraints: pydantic's own, such as ``ge=1``
    """
    return Field(description=what, json_schema_extra={"source": source}, **constraints)
