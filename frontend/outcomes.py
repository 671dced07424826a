"""What came of a change, told to the person who asked for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from tenants.errors import TenantError

SAME_NAMES: Mapping[str, str] = MappingProxyType({})


@contextmanager
def told(request: HttpRequest, done: str = "") -> Iterator[None]:
    """Run the block, then say `done`, if the block has not said more; or say why it was refused, and go on."""
    try:
        yield
    except TenantError as error:
        messages.error(request, error.detail)
    else:
        if done:
            messages.success(request, done)


def refuse(request: HttpRequest, form: forms.BaseForm) -> None:
    """Say what is wrong with a form that the page will show anew."""
    for name, errors in form.errors.items():
        label = str(form.fields[name].label) if name in form.fields else ""
        messages.error(request, ": ".join(filter(None, [label, " ".join(map(str, errors))])))


def add_errors(form: forms.BaseForm, error: TenantError, names: Mapping[str, str] = SAME_NAMES) -> None:
    """Show a refusal on the form: at the fields that it names, else above all of them.

    `names` says what the form calls a field of the request, where the two differ.
    """
    placed = False
    for fault in error.errors:
        pointed = fault.pointer.strip("/")
        field = names.get(pointed, pointed)
        if field in form.fields:
            form.add_error(field, fault.detail)
            placed = True
    if not placed:
        form.add_error(None, error.detail)
