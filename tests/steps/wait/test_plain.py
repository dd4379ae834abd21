"""tcp, unix, file, dns: what needs no client."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.steps.wait.looks import look
from tests.support.needs import need
from tests.support.ports import free_port
from tests.support.speaker import Speaker, silent

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_that_is_open_is_ready_without_a_word(mute: Speaker) -> None:
    assert look(f"tcp://127.0.0.1:{mute.port}") == (True, "", False)


def test_a_port_that_nobody_has_is_refused_and_so_absent() -> None:
    assert look(f"tcp://127.0.0.1:{free_port()}") == (False, "connection refused", True)


def test_ipv6() -> None:
    try:
        server = Speaker(silent, socket.AF_INET6)
    except OSError:
        need(found=False, reason="needs IPv6 on the loopback")
    with server:
        assert look(f"tcp://[::1]:{server.port}").ready


def test_the_next_address_of_a_host_is_tried(mute: Speaker) -> None:
    """`localhost` may be ::1 first, where nobody listens."""
    assert look(f"tcp://localhost:{mute.port}").ready


def test_an_address_that_swallows_packets_is_not_waited_for(mute: Speaker) -> None:
    """A full backlog is what a network without an answer looks like."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(address)
        seen = look(f"tcp://127.0.0.1:{address[1]}", limit=0.5)
        for filler in fillers:
            filler.close()
    assert seen == (False, "connecting: no answer within 500ms", False)


def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    path = os.path.relpath(tmp_path / "s") if len(str(tmp_path)) > 90 else str(tmp_path / "s")
    assert look(f"unix://{path}") == (False, "no such file or directory", True)
    with Speaker(silent, socket.AF_UNIX, path):
        assert look(f"unix:{path}").ready


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "file://localhost{}"])
def test_a_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "with a blank"
    assert look(form.format(path)) == (False, "not there", True)
    path.touch()
    assert look(form.format(path)).ready


def test_a_relative_file_starts_in_the_folder_of_the_steps(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    assert look("file:ready", folder=tmp_path).ready
    assert not look("file:ready", folder=tmp_path / "elsewhere").ready


def test_a_file_with_content(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text("state: starting\n")
    assert look(f"file:{file}", contains="state: (done|ok)") == (
        False, "there, without what matches state: (done|ok)", False,
    )  # fmt: skip
    file.write_bytes(b"\xff\xfe state: ok\n")
    assert look(f"file:{file}", contains="state: (done|ok)").ready


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Opened as a file is, it would be waited for until somebody writes."""
    os.mkfifo(tmp_path / "pipe")
    assert not look(f"file:{tmp_path}/pipe", contains="x").ready
    assert look(f"file:{tmp_path}/pipe").ready


def test_a_folder_is_there_and_has_no_content(tmp_path: Path) -> None:
    assert look(f"file:{tmp_path}").ready
    seen = look(f"file:{tmp_path}", contains="x")
    assert not seen.ready
    assert "is a directory" in seen.state


def test_a_name() -> None:
    assert look("dns:localhost").ready
    assert look("dns://127.0.0.1").ready
    seen = look("dns:no-such-name.invalid", limit=20.0)
    assert not seen.ready
    assert seen.state.startswith("looking up no-such-name.invalid: ")


def test_a_look_that_finds_an_empty_address_list_leaves_no_thread_behind(mute: Speaker) -> None:
    before = threading.active_count()
    look(f"tcp://127.0.0.1:{mute.port}")
    assert threading.active_count() <= before + 1  # the visit at the server's side
