"""Which variables the project around us takes its database's URLs from, as Prisma would find them.

Its own module because the command line and the library ask it, and settings know no formats.
"""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.settings import prisma

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.settings.prisma import Variables


def variables(folder: str, cwd: str) -> Variables:
    """For "url" and "directUrl": the variable's name, and the origin to show. Never fails, runs nothing.

    The word of prisma.config.ts counts before the schema's, as with Prisma. What cannot be understood here is told later, when the
    migrations are looked for.
    """
    if not folder:
        return _discovered(cwd)
    return prisma.variables(folder, cwd) | _configured(cwd)


def _discovered(cwd: str) -> Variables:
    from lockmaster.formats import discover

    try:
        project = discover.discover(cwd)
    except UsageError:
        project = None
    if project is None:
        return _configured(cwd)
    origin = project.schema_file or project.origin
    names = {"url": project.url_env, "directUrl": project.direct_url_env}
    found = {key: (name, f"{os.path.relpath(origin, cwd)} {key} env({name})") for key, name in names.items() if name}
    return found | _configured(cwd)


def _configured(cwd: str) -> Variables:
    """What prisma.config.ts says; its reader is loaded only where there is such a file."""
    try:
        if not any(name.startswith("prisma.config.") or name == ".config" for name in os.listdir(cwd)):
            return {}
        from lockmaster.formats import prisma_config

        config = prisma_config.of_config_file(cwd, paths=False)
    except (OSError, UsageError):
        return {}
    if config is None:
        return {}
    origin, names = os.path.relpath(config.origin, cwd), {"url": config.url_env, "directUrl": config.direct_url_env}
    return {key: (name, f"{origin} {key} env({name})") for key, name in names.items() if name}
