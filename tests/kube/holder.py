"""A process that takes a lease and says what happens to it, in lines with the time; SIGTERM ends it.

python holder.py KUBECONFIG NAME HOLDER [release]     `release` gives it back after half a second
"""

import os
import signal
import sys
import time

from lockmaster.clock import SystemClock
from lockmaster.kube.api import connect
from lockmaster.kube.lease import Lease
from lockmaster.kube.lease_record import Timing
from lockmaster.stop import Stop

TIMING = Timing(duration=4.0, deadline=2.5, period=0.5)


def say(*words: object) -> None:
    os.write(1, f"{time.monotonic():.3f} {' '.join(map(str, words))}\n".encode())


def main() -> None:
    config, name, holder, *more = sys.argv[1:]
    stop = Stop()
    signal.signal(signal.SIGTERM, lambda *_: stop.request("SIGTERM"))
    timing = TIMING._replace(duration=120.0) if more else TIMING
    lease = Lease(
        connect({"KUBECONFIG": config}), name, holder, SystemClock(stop),
        timing=timing, on_lost=lambda why: say("lost", why),
    )  # fmt: skip
    say("trying")
    if not lease.take(60.0):
        say("not taken:", lease.state)
        return
    say("taken")
    if more == ["release"]:
        time.sleep(0.5)
        lease.release()
        say("released")
        return
    while not lease.lost.wait(0.05) and not stop.reason:
        pass
    lease.release()
    say("ended")


main()
