"""Settings: flag, then environment, then lockmaster.yaml, then default; each value knows where it came from.

- table: OPTIONS, the one list that flags, variables, keys, help, completion and docs are made from
- options: Options, the effective values, typed; library users build it themselves
- resolving: resolve(), from flags, environment and file to Options
- addresses: the database's URL, from its many sources and parts
- secret: Secret and mask(), which keep passwords out of everything that is printed
"""

from lockmaster.settings.durations import duration, render_duration
from lockmaster.settings.options import Options
from lockmaster.settings.secret import Secret, mask
from lockmaster.settings.table import OPTIONS, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.settings.resolving import Resolved, resolve

__all__ = ["OPTIONS", "Option", "Options", "Resolved", "Secret", "duration", "mask", "render_duration", "resolve"]

if not TYPE_CHECKING:  # a type checker would take any name for an existing one

    def __getattr__(name: str) -> object:
        """Load `resolve` only where it is used: library users who hand in values have no need of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from lockmaster.settings import resolving

        return getattr(resolving, name)
