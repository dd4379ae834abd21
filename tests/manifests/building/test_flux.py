"""The Kustomizations, read by Flux's own types."""

from __future__ import annotations

import subprocess

import pytest

from tests.manifests.building.made import WISHES, files
from tests.support.gosource import from_source


def read(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([from_source("flux")], input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("wish", WISHES)
def test_every_field_is_one_of_flux(wish: str) -> None:
    text = files("flux", **WISHES[wish])["flux.yaml"].partition("\n---\n")[2]
    done = read(text)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "web-migrate interval 5m0s timeout 37m0s",
        "web depends on web-migrate",
        "web interval 5m0s timeout 40m0s",
    ]


def test_the_reader_would_say_so() -> None:
    text = files("flux")["flux.yaml"].partition("\n---\n")[2]
    assert 'unknown field "weight"' in read(text.replace("prune:", "weight: 1\n  prune:")).stderr
