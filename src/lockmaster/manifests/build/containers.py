"""The containers: Lockmaster's own, the application, and what the two need beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import events
from lockmaster.manifests.build.fill import fill, scalar
from lockmaster.manifests.build.supply import SECURITY, literal, supply
from lockmaster.settings.durations import render_duration

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Key, Wish

_OURS = """\
- name: ${name}
  image: ${image}
  imagePullPolicy: IfNotPresent  # the tag names one build: a pod must start while the registry is away
  command: [${program}, ${command}]
  args:
    ${args}
  env:
    ${env}
    - name: POD_NAME  # who has the turn is shown to those who wait, and in pg_stat_activity
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: POD_UID  # tells a pod from its successor of the same name
      valueFrom: {fieldRef: {fieldPath: metadata.uid}}
  ${mounts}
  ${resources}
  terminationMessagePolicy: FallbackToLogsOnError  # `kubectl describe pod` says why, also after an end without a word
  ${security}
"""
_RESOURCES = """\
resources:  # it ends before the application starts: requests no higher than the application's cost nothing
  requests: {cpu: 100m, memory: 64Mi, ephemeral-storage: 64Mi}
  limits: {cpu: 500m, memory: 256Mi, ephemeral-storage: 512Mi}  # 256Mi of memory is enough for a script of 50 MB
"""
_APPLICATION = """\
- name: ${name}
  image: ${image}
  imagePullPolicy: IfNotPresent
  ports:
    - {name: http, containerPort: ${port}}
  env:
    ${env}
  readinessProbe:  # for the application alone: init containers have no probes, so none can kill a long migration
    tcpSocket: {port: http}
    periodSeconds: 5
  resources:
    requests: {cpu: 100m, memory: 128Mi, ephemeral-storage: 64Mi}
    limits: {cpu: 500m, memory: 256Mi, ephemeral-storage: 512Mi}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
  ${security}
"""
_MOUNTS = """\
volumeMounts:
  ${mounts}
"""
_ENV = """\
- name: DATABASE_URL  # ${why}
  valueFrom:
    secretKeyRef:
      name: ${secret}
      key: ${key}
"""
_PROXY = """\
- name: database-proxy
  image: ${image}
  imagePullPolicy: IfNotPresent
  restartPolicy: Always  # a native sidecar: there before the next container starts, and no Job waits for its end
  ${args}
  startupProbe:  # the next container starts when this has succeeded
    tcpSocket: {port: ${port}}
    periodSeconds: 1
    failureThreshold: 60
  resources:
    requests: {cpu: 50m, memory: 64Mi, ephemeral-storage: 16Mi}
    limits: {cpu: 500m, memory: 256Mi, ephemeral-storage: 64Mi}
  ${security}
"""


def migrate(wish: Wish) -> str:
    """The container that migrates: as the role that owns the tables."""
    return _ours(wish, "migrate", wish.migration_secret, "the role that owns the tables; no other container has it")


def gate(wish: Wish) -> str:
    """The container that waits for the level: in the database, so that it needs no rights in the cluster."""
    return _ours(wish, "gate", wish.secret, "the application's role: SELECT on the history is enough")


def application(wish: Wish) -> str:
    """The application."""
    env = _env(wish.secret, "a role that may not change the schema")
    return fill(
        _APPLICATION, name="app" if "{{" in wish.name else wish.name, image=scalar(wish.image), port=wish.port,
        env=env, security=SECURITY,
    )  # fmt: skip


def before(wish: Wish) -> str:
    """What must run before Lockmaster: the way to the database, and the migrations."""
    proxy = ""
    if wish.proxy:
        args = "".join(f"\n  - {scalar(arg)}" for arg in wish.proxy.args)
        proxy = fill(
            _PROXY, image=scalar(wish.proxy.image), port=str(wish.proxy.port), args=f"args:{args}" if args else "",
            security=SECURITY,
        )  # fmt: skip
    return proxy + supply(wish).first


def _ours(wish: Wish, command: str, secret: Key, why: str) -> str:
    source = supply(wish)
    return fill(
        _OURS, name=command, program=source.program, command=command, image=scalar(source.image),
        args=_args(wish, source.dir, command), env=_env(secret, why),
        mounts=_mounts(source.mounts + events.mount(wish)), resources=_RESOURCES, security=SECURITY,
    )  # fmt: skip


def _args(wish: Wish, folder: str, command: str) -> str:
    flags = [("--dir", folder)] if folder else []
    flags += [(flag, value) for flag, value, gated in wish.settings if gated or command == "migrate"]
    lines = [f"- {scalar(literal(f'{flag}={value}'))}" for flag, value in flags]
    limit = scalar(f"--deadline={render_duration(wish.deadline)}")
    lines.append(f"- {limit}  # ends it with a reason, long before Kubernetes ends it without one")
    return "\n".join(lines)


def _mounts(mounts: str) -> str:
    return fill(_MOUNTS, mounts=mounts) if mounts else ""


def _env(secret: Key, why: str) -> str:
    return fill(_ENV, why=why, secret=scalar(secret.secret), key=scalar(secret.key))
