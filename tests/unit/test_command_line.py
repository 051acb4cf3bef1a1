"""Every command that can be typed is carried out by a function that is there."""

from __future__ import annotations

import argparse

import pytest

from cli.arguments import parser
from cli.client import client
from cli.commands import MODULES, command
from gateway.client import commands as spoken

(_SUBPARSERS,) = (each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
TYPED = frozenset(_SUBPARSERS.choices)


@pytest.mark.parametrize("name", sorted(TYPED))
def test_a_command_leads_to_its_function(name: str) -> None:
    found = command(name)
    if found is client:
        assert callable(getattr(spoken, name))
    else:
        assert getattr(found, "__name__", "") == name


def test_every_function_can_be_typed() -> None:
    assert MODULES.keys() < TYPED
