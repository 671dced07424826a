from typing import Any

from django import forms

# What a column of the database holds.
MOST_ROWS = 2**63 - 1


class RowsField(forms.IntegerField):
    """How many rows a month; empty is no cap."""

    def __init__(self, **named: Any) -> None:
        super().__init__(
            label="Cap, in rows a month",
            required=False,
            min_value=0,
            max_value=MOST_ROWS,
            widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": "0"}),
            **named,
        )


class CapForm(forms.Form):
    rows_cap = RowsField(help_text="Beyond it requests are refused until the next month. Left empty, there is no cap.")
