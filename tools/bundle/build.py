"""The bundle, part by part: one folder that needs neither Python nor a C library where it runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bundle import bytecode, content, elf, interpreter, libraries, packages, programs, stdlib
from tools.bundle.digest import digest
from tools.bundle.licences import Licences

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import Distribution

    from tools.bundle.interpreter import Interpreter

_HERE = Path(__file__).resolve().parent
_PROJECT = _HERE.parents[1]
DESCRIPTION = "BUNDLE.json"
_TRY = "import bz2, ctypes, hashlib, jinja2, lzma, msgspec, psycopg2, ruamel.yaml, sqlite3, ssl, zlib, lockmaster"
_OPENSSL = "# Nothing of the image's: see OPENSSL_CONF in docs/bundle.md\n"


@dataclass(frozen=True)
class Made:
    """A bundle that was made: its folder, the interpreter in it, and the loader's path on this machine."""

    root: Path
    python: Interpreter
    loader: str

    @property
    def tree(self) -> Path:
        """Where the standard library and the packages lie together, because that is what `-S` finds."""
        return self.root / "lib" / f"python{self.python.version}"


def version() -> str:
    """Lockmaster's version."""
    text = (_PROJECT / "pyproject.toml").read_text()
    return str(tomllib.loads(text)["project"]["version"])


def bundle(root: Path, python: str | None = None) -> Made:
    """Make the bundle at `root`, in place of what is there. `python` is the interpreter that goes in."""
    base = interpreter.ask(python or interpreter.base())
    shutil.rmtree(root, ignore_errors=True)
    program = root / "libexec" / "python"
    program.parent.mkdir(parents=True)
    shutil.copyfile(base.program, program)
    made = Made(root, base, elf.loader(program))
    licences = Licences(root)
    extensions = stdlib.copy(base, made.tree)
    chosen = packages.needed(content.BUNDLE_EXTRAS)
    _add_packages(chosen, made.tree, licences)
    _add_programs(made)
    packages.copy_ours(made.tree)
    _add_libraries(made, extensions, licences)
    _add_texts(made, licences)
    # the docstrings of steps are the descriptions in `lockmaster schema`
    bytecode.compile_all(base.program, made.tree / packages.OURS / "prepare", root=made.tree, optimize=0)
    bytecode.compile_all(base.program, made.tree)
    describe(made, chosen)
    _try(made)
    return made


def extras(made: Made) -> None:
    """Add the folder `extras`, which only the image has."""
    folder = made.root / "extras"
    licences = Licences(folder)
    there = {one.name for one in packages.needed(content.BUNDLE_EXTRAS)}
    chosen = [one for one in packages.needed((*content.BUNDLE_EXTRAS, *content.IMAGE_EXTRAS)) if one.name not in there]
    target = folder / "packages"
    _add_packages(chosen, target, licences)
    found = libraries.needed(made.loader, _compiled(target))
    there_too = {path.name for path in (made.root / "lib").iterdir()}
    for path in libraries.copy({k: v for k, v in found.items() if k not in there_too}, made.root, folder / "lib"):
        licences.library(path.name)
    licences.write()
    bytecode.compile_all(made.python.program, target, optimize=0)
    _set_modes(folder)


def describe(made: Made, chosen: Iterable[Distribution]) -> None:
    """Write what it is. This file is also how code knows that it runs from a bundle."""
    _set_modes(made.root)
    text = {
        "name": "lockmaster",
        "version": version(),
        "python": made.python.full_version,
        "extras": list(content.BUNDLE_EXTRAS),
        "packages": {one.name: one.version for one in chosen},
        "sha256": digest(made.root),
    }
    description = made.root / DESCRIPTION
    description.write_text(json.dumps(text, indent=1) + "\n")
    description.chmod(0o644)


def _add_packages(chosen: Iterable[Distribution], target: Path, licences: Licences) -> None:
    for one in chosen:
        packages.copy(one, target)
        licences.package(one)
    for path in _compiled(target):
        if path.parent.name.endswith(".libs"):
            licences.library(path.name)


def _add_programs(made: Made) -> None:
    root, loader = made.root, Path(made.loader)
    (root / "bin").mkdir()
    programs.launcher(loader.name, root / "lockmaster")
    shutil.copyfile(root / "lockmaster", root / "bin" / "python")
    programs.nss(root / "lib" / "liblockmaster-nss.so")
    shutil.copyfile(loader.resolve(), root / "lib" / loader.name)
    shutil.copyfile(_HERE / "start.py", made.tree / "_bundle.py")
    shutil.copyfile(_HERE / "sitecustomize.py", made.tree / "sitecustomize.py")


def _add_libraries(made: Made, extensions: list[Path], licences: Licences) -> None:
    """Follow the originals: their search paths are right only where they lie."""
    originals = [made.python.program, *(made.python.extensions / path.name for path in extensions)]
    found = libraries.needed(made.loader, [*originals, *_compiled(made.tree)])
    found |= libraries.thread_helper(beside=found["libc.so.6"])
    _share(made, found)
    copied = libraries.copy(found, made.root, made.root / "lib")
    libraries.strip([made.root / "libexec" / "python", *extensions, *copied])
    for path in [made.root / "lib" / Path(made.loader).name, *copied]:
        licences.library(path.name)


def _share(made: Made, found: dict[str, Path]) -> None:
    """One OpenSSL for Python and for libpq: the driver's wheel brings the newer one, and it would be there twice."""
    for path in sorted(made.tree.glob("psycopg2_binary.libs/*")):
        name, _, rest = path.name.partition("-")
        plain = f"{name}.{rest.partition('.')[2]}"
        if plain in found and name in ("libssl", "libcrypto"):
            del found[plain]
            (made.root / "lib" / plain).symlink_to(f"{made.tree.name}/{path.parent.name}/{path.name}")


def _try(made: Made) -> None:
    """A bundle whose parts do not fit together must not leave the machine that made it."""
    subprocess.run([made.root / "bin" / "python", "-I", "-c", _TRY], check=True, env={})


def _add_texts(made: Made, licences: Licences) -> None:
    licences.part(f"CPython {made.python.full_version}", "cpython")
    licences.part(
        f"the C library inside lockmaster and bin/python ({programs.static_library()})", programs.static_library()
    )
    certificates = packages.one("certifi")
    shutil.copyfile(packages.place(certificates, "certifi/cacert.pem"), made.root / "lib" / "authorities.pem")
    licences.package(certificates)
    licences.write()
    shutil.copyfile(_PROJECT / "LICENSE", made.root / "LICENSE")
    (made.root / "lib" / "openssl.cnf").write_text(_OPENSSL)


def _compiled(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.so*")) if elf.is_elf(path)]


def _set_modes(root: Path) -> None:
    """The same modes whatever the umask; programs, and the loader, can be executed."""
    executable = {"lockmaster", "bin/python", "libexec/python"}
    for path in [root, *root.rglob("*")]:
        name = path.relative_to(root).as_posix()
        started = path.is_dir() or name in executable or path.name.startswith("ld-linux")
        if not path.is_symlink():
            path.chmod(0o755 if started else 0o644)
