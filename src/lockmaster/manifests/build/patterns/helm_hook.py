"""Migrations in a hook of a Helm chart: before an installation and before each upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import containers, job, objects
from lockmaster.manifests.build.fill import fill, scalar
from lockmaster.manifests.build.head import head, secrets
from lockmaster.manifests.build.patterns import job_and_gate
from lockmaster.manifests.build.wish import Key
from lockmaster.settings.durations import render_duration

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_CHART = """\
apiVersion: v2
name: ${name}
description: ${name}, with its migrations before each upgrade
type: application
version: 0.1.0
appVersion: ${version}
"""
_WAIT = """\
Migrations run in a hook, before an installation and before each upgrade. Helm waits for it no longer than its --timeout,
which is 5 minutes unless it is said:
  helm upgrade --install ${name} ./${name}${space} --timeout ${limit}
"""
_VALUES = """\
image: ${image}  # a tag that names one build, or a digest
lockmasterImage: ${lockmaster}
replicas: ${replicas}
port: ${port}
database:  # the role of the application: it reads and writes rows
  secret: ${secret}
  key: ${key}
migration:  # the role that owns the tables
  secret: ${owner}
  key: ${owner_key}
  url: ""  # only where this chart itself has to make that Secret: templates/migrate-secret.yaml
"""
_HOOK = """\
annotations:
  helm.sh/hook: pre-install,pre-upgrade
  helm.sh/hook-weight: "{weight}"{why}
  helm.sh/hook-delete-policy: before-hook-creation  # the last one stays, with its log; `helm uninstall` leaves hooks
"""
_OWNER = """\
{{- if .Values.migration.url }}
# A Secret of the release itself does not exist yet when its first hook runs: so this one is a hook too, before the Job.
apiVersion: v1
kind: Secret
${metadata}
stringData:
  {{ .Values.migration.key }}: {{ .Values.migration.url | quote }}
{{- end }}
"""
_NAMED = "always the same: a hook is deleted and made anew, so its template may change"
_TTL = "a day: never gone while Helm looks at it"


def build(wish: Wish) -> dict[str, str]:
    """See the package."""
    late = objects.deployment(
        chart := _chart(wish), first=containers.gate(chart), progress=wish.limit + 300, why=job_and_gate.PROGRESS
    )
    early = _HOOK.format(weight=-10, why="  # before the Job, which has 0")
    title = "{{ .Release.Name }}-migrate"
    secret = objects.metadata(chart, "{{ .Values.migration.secret }}", component="migration", annotations=early)
    templates = {
        "migrate-secret": fill(_OWNER, metadata=secret),
        "migrate-serviceaccount": objects.account(chart, migration=True, annotations=early),
        "migrate-job": job.job(chart, name=title, why=_NAMED, annotations=_HOOK.format(weight=0, why=""), ttl=_TTL),
        "serviceaccount": objects.account(chart),
        "deployment": late,
        "service": objects.service(chart),
        "poddisruptionbudget": f"{{{{- if gt (int .Values.replicas) 1 }}}}\n{objects.budget(chart)}{{{{- end }}}}\n",
    }
    files = {
        "Chart.yaml": fill(_CHART, name=scalar(wish.name), version=_version(wish.image)),
        "values.yaml": _values(wish),
    }
    files |= {f"templates/{name}.yaml": text for name, text in templates.items()}
    return {f"{wish.name}/{path}": text for path, text in files.items()}


def _chart(wish: Wish) -> Wish:
    """The wish, with the chart's values in the place of what was said."""
    return wish._replace(
        name="{{ .Release.Name }}",
        namespace="{{ .Release.Namespace }}",
        image="{{ .Values.image | quote }}",
        lockmaster_image="{{ .Values.lockmasterImage | quote }}",
        replicas="{{ .Values.replicas }}",
        port="{{ .Values.port }}",
        secret=Key("{{ .Values.database.secret }}", "{{ .Values.database.key }}"),
        migration_secret=Key("{{ .Values.migration.secret }}", "{{ .Values.migration.key }}"),
    )


def _values(wish: Wish) -> str:
    space = f" --namespace {wish.namespace}" if wish.namespace else ""
    limit = render_duration(wish.limit + 120)
    text = fill(
        _VALUES, image=scalar(wish.image), lockmaster=scalar(wish.lockmaster_image), replicas=wish.replicas,
        port=wish.port, secret=scalar(wish.secret.secret), key=scalar(wish.secret.key),
        owner=scalar(wish.migration_secret.secret), owner_key=scalar(wish.migration_secret.key),
    )  # fmt: skip
    return head(fill(_WAIT, name=wish.name, space=space, limit=limit), secrets(wish)) + text


def _version(image: str) -> str:
    """The image's tag: always text, `1.10` is no number."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return f'"{tag}"' if tag else '"0"'
