"""Tests that share a running system are run by one process: releases of the runner have spread them without a word."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("groups")
def test_a_group_of_tests_is_kept_together(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("tests are not spread over processes by their groups")
    assert "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@groups"), "the runner does not know the group, and spreads it"
