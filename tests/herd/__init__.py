"""Many processes at the same instant, on databases that make it hard."""

import pytest

pytest.register_assert_rewrite("tests.crash.program")
