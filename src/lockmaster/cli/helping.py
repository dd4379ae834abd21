"""Help: the commands, or one command with its options in groups and examples. Loaded when it is asked for."""

from __future__ import annotations

import argparse

from lockmaster.cli import full
from lockmaster.cli.output import colored
from lockmaster.cli.table import COMMANDS, GROUPS, in_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from lockmaster.cli.table import Command

_EXAMPLES = {
    "": ("lockmaster migrate --dir prisma/migrations", "lockmaster help migrate"),
    "migrate": (
        "DATABASE_URL=postgresql://app@db/app lockmaster migrate",
        "lockmaster migrate --dir migrations --password-file /run/secrets/password",
        "lockmaster migrate --dry-run",
    ),
    "gate": ("lockmaster gate --dir migrations --deadline 5m",),
    "status": ("lockmaster status", "lockmaster status --check || lockmaster migrate"),
    "new": ("lockmaster new add_users",),
    "resolve": (
        "lockmaster resolve --applied 20240105093000_add_users",
        "lockmaster resolve --rolled-back 20240105093000_add_users",
    ),
    "baseline": ("lockmaster baseline --to 20240105093000_add_users",),
    "exec": (
        "lockmaster exec -- npm run migrate",
        "lockmaster exec --once-of migrations --deadline 10m -- npx knex migrate:latest",
        "lockmaster exec --once app@sha256:4f53... --retry-on 1,137 -- python manage.py migrate",
    ),
    "up": ("lockmaster up", "lockmaster up -- node server.js", "lockmaster up --config deploy/lockmaster.yaml"),
    "fetch": (
        "lockmaster fetch https://host/app.conf /config/app.conf --mode 0640 --owner 999:999",
        "lockmaster fetch s3://bucket/data.tar.gz /data --unpack --strip 1 --sha256 HEX",
        "lockmaster fetch git+https://host/repo.git//db/migrations@v1.2 /work/migrations",
    ),
    "permissions": (
        "lockmaster permissions /data --recursive --owner 999:999 --mode u=rwX,g=rX,o=",
        "lockmaster permissions /data/cache --create --owner 1000",
    ),
    "render": (
        "lockmaster render nginx.conf.template /etc/nginx/nginx.conf --only HOST,PORT --validate 'nginx -t -c {}'",
        "lockmaster render app.yaml.j2 /config/app.yaml --vars /run/secrets/db --diff",
        "lockmaster render templates/ conf/ --check",
    ),
    "wait": (
        "lockmaster wait tcp://redis:6379 '${DATABASE_URL}' --timeout 2m",
        "lockmaster wait https://x.example/health --status 200 --body '\"ok\"' --ca ca.pem",
        "lockmaster wait file:/tmp/ready dns:db grpc://orders:50051",
    ),
    "kube": (
        "lockmaster kube inject deploy.yaml --wrap migrate --diff",
        "lockmaster kube check deploy/",
        "lockmaster kube status -n shop",
        "lockmaster help kube build",
    ),
    "kube build": (
        "lockmaster kube build --name web --image registry.example/web:1.2 | kubectl apply -f -",
        "lockmaster kube build --pattern flux --name web --image registry.example/web:1.2 --output deploy",
    ),
    "kube check": (
        "lockmaster kube check deploy/*.yaml",
        "kustomize build overlays/production | lockmaster kube check -",
        "lockmaster kube check deploy/ --fix --diff",
        "lockmaster kube check --live -n shop --fail-on error",
        "lockmaster kube check --explain unlocked-replicas",
    ),
    "kube status": ("lockmaster kube status -n shop", "lockmaster kube status --json | jq '.workloads[].level'"),
    "kube inject": (
        "lockmaster kube inject deploy.yaml --diff",
        "lockmaster kube inject deploy.yaml --wrap migrate -i",
        "helm template . | lockmaster kube inject - --replace migrate --from same-image | kubectl apply -f -",
        "lockmaster kube inject deploy.yaml --remove -i",
    ),
    "init": ("lockmaster init", "lockmaster init --print"),
    "bundle": ("lockmaster bundle copy /shared/lockmaster",),
    "bundle copy": ("lockmaster bundle copy /shared/lockmaster", "lockmaster bundle copy /shared/lockmaster --extras"),
    "schema": ("lockmaster schema > lockmaster.schema.json",),
    "settings": ("lockmaster settings", "LOCKMASTER_DIR=db lockmaster settings --json"),
    "completion": ("source <(lockmaster completion bash)",),
    "help": ("lockmaster help migrate",),
}
_NOTE = "Every option is also a variable LOCKMASTER_... and a key of lockmaster.yaml: see lockmaster settings."


def text(name: str, stream: TextIO) -> str:
    """The help page of a command, or of all when `name` is empty; with colours for a terminal if rich is there."""
    formatter = _formatter(stream)
    if not name:
        return _overview(formatter, "", "The schema is ready before the application starts.", COMMANDS.values())
    if name in GROUPS:
        return _overview(formatter, name, GROUPS[name][0].upper() + GROUPS[name][1:] + ".", in_group(name))
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(
        prog=f"lockmaster {name}",
        usage=_usage(command),
        description=command.help[0].upper() + command.help[1:] + ".",
        epilog=_epilog(name) + (f"\n\n{_NOTE}" if command.settings else ""),
        formatter_class=formatter,
        add_help=False,
    )
    full.fill(parser, command)
    return parser.format_help().rstrip()


def _usage(command: Command) -> str:
    options = "[options]" if command.settings else ""
    if command.rest:
        return " ".join(filter(None, ["lockmaster", command.name, *command.words, options, "--", command.rest]))
    return " ".join(filter(None, ["lockmaster", command.name, *command.words, options]))


def _overview(
    formatter: type[argparse.HelpFormatter], group: str, description: str, commands: Iterable[Command]
) -> str:
    parser = argparse.ArgumentParser(
        prog="lockmaster",
        usage=" ".join(filter(None, ["lockmaster", group, "COMMAND [options]"])),
        description=description,
        epilog=_epilog(group),
        formatter_class=formatter,
        add_help=False,
    )
    listed = parser.add_argument_group("commands")
    for command in commands:
        listed.add_argument(" ".join([command.name, *command.words]), help=command.help)
    return parser.format_help().rstrip()


def _epilog(name: str) -> str:
    return "Examples:\n" + "\n".join(f"  {line}" for line in _EXAMPLES[name]) if name in _EXAMPLES else ""


def _formatter(stream: TextIO) -> type[argparse.HelpFormatter]:
    if colored("auto", stream):
        try:
            from rich_argparse import RawDescriptionRichHelpFormatter
        except ImportError:
            pass
        else:
            return RawDescriptionRichHelpFormatter
    return argparse.RawDescriptionHelpFormatter
