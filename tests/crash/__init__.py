"""Kill the program, the server or the network at every point of the protocol: what the next run finds, it finishes."""

import pytest

pytest.register_assert_rewrite("tests.crash.world", "tests.crash.program")
