"""The commands, and the options that are not settings: they belong to one command line, and to nothing else."""

from __future__ import annotations

from lockmaster.settings.table import OPTIONS, Option
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Command(NamedTuple):
    """One command; its name may be two words: `kube check`.

    `words` are its positional arguments, all needed; the last may be `WORD...`, for one or more, or `[WORD...]`, for any
    number.
    `rest` names what stands behind `--`, where the command takes that.
    """

    name: str
    help: str
    words: tuple[str, ...] = ()
    own: tuple[Option, ...] = ()
    database: bool = False
    settings: bool = True
    rest: str = ""
    steps: bool = False  # prepares: it takes no database's URL, or finds it by itself

    @property
    def signals(self) -> bool:
        """Whether it takes long enough to be asked to stop."""
        return self.database or self.steps

    def fits(self, words: int) -> bool:
        """Whether this is a right number of words."""
        needed = len(self.words)
        if needed and self.words[-1].endswith("...]"):
            return words >= needed - 1
        return words >= needed if needed and self.words[-1].endswith("...") else words == needed


def _own(key: str, metavar: str, text: str, short: str = "") -> Option:
    return Option(key, "str" if metavar else "bool", metavar, "", (), "this command", text, field=False, short=short)


def _choice(key: str, metavar: str, choices: tuple[str, ...], default: str, text: str) -> Option:
    return Option(key, "choice", metavar, default, (), "this command", text, choices, field=False)


def _list(key: str, metavar: str, text: str) -> Option:
    return Option(key, "list", metavar, "", (), "this command", text, field=False)


_PERMISSIONS = (
    _own("owner", "OWNER", "user, or user:group, by number or name: 999, 999:999, :999"),
    _own("group", "GROUP", "group, by number or name"),
    _own("mode", "MODE", "mode as chmod takes it: 0640, u=rwX,g=rX,o="),
    _own("file_mode", "MODE", "mode of what is no folder, in place of --mode"),
    _own("dir_mode", "MODE", "mode of folders, in place of --mode"),
    _own("recursive", "", "everything below a folder too"),
    _list("exclude", "PATTERN", "leave these alone; may be given several times"),
    _own("create", "", "make the folder where it is missing"),
    _own("follow", "", "PATH may be, or lead through, a symbolic link; below it none is ever followed"),
    _own("one_file_system", "", "leave what is mounted below PATH alone (on; --no-one-file-system takes it too)"),
    _choice("hard_links", "DO", ("refuse", "skip", "allow"), "refuse", "files with several names, one may be outside"),
    _own("check", "", "change nothing; exit 3 if something would be changed"),
)
_RENDER = (
    _list("vars", "FILE", "YAML, JSON, TOML or .env file, or mounted Secret or ConfigMap; several, the last wins"),
    _list("set", "NAME=TEXT", "a value, stronger than those of --vars"),
    _choice("engine", "NAME", ("auto", "jinja", "envsubst"), "auto", "auto is jinja for .j2 and .jinja, else envsubst"),
    _own("only", "NAMES", "the variables that envsubst may replace, as '$HOST $PORT' or HOST,PORT (default: all)"),
    _list("validate", "HOW", "json, yaml, toml, xml, or a command with {} for the new file; several, all must pass"),
    _own("mode", "MODE", "mode of the new file (default: that of the file it replaces, else 0644)"),
    _own("owner", "OWNER", "its user, or user:group (default: that of the file it replaces)"),
    _own("check", "", "write nothing; exit 3 if something would be written"),
    _own("diff", "", "print what changes, secrets masked"),
)
_INJECT = (
    _own("wrap", "NAME", "keep this container's command, and put it under lockmaster exec"),
    _own("replace", "NAME", "this container runs lockmaster migrate in place of its command"),
    _own("remove", "", "take out what was injected"),
    _list("workload", "KIND/NAME", "only this one; may be given several times (default: those that know a database)"),
    _own("all", "", "also those without a database's URL, Jobs, CronJobs and Pods"),
    _own("container", "NAME", "the application's container, to copy from (default: the first with the URL)"),
    _own("where", "PLACE", "among the init containers: first, last, after:NAME, before:NAME (default: last)"),
    _own("gate", "", "lockmaster gate in place of migrate: wait for the level, never migrate"),
    _own("command", "WORDS", "--wrap: what the image runs by itself, where the manifest has no command"),
    _own("dir", "DIR", "folder of the migrations, in the image; with --from configmap on this machine"),
    _choice("from", "SOURCE", ("bundle", "same-image", "copy", "image-volume", "configmap"), "", "how they meet"),
    _own("kubernetes_version", "VERSION", "the cluster's; from 1.35 on image volumes are used where they can be"),
    _own("image", "IMAGE", "Lockmaster's image"),
    _own("deadline", "TIME", "limit of each run, 0 for none (default: 15m)"),
    _own("url_env", "NAME", "variable that has the database's URL (default: as Lockmaster finds it)"),
    _own("diff", "", "print what changes instead; write nothing"),
    Option("in_place", "bool", "", "", (), "this command", "write the files back", short="-i", field=False),
)
_JSON = _own("json", "", "print JSON")

_FETCH = (
    _own("sha256", "HEX", "what the file's SHA-256 must be"),
    _own("checksum", "FILE", "address or path of a file that holds it (SHA256SUMS)"),
    _own("max_size", "SIZE", "the most that may come, and come out of an archive: 500Mi (default: 1Gi)"),
    _own("max_files", "COUNT", "how many entries a folder may have (default: 100000)"),
    _own("unpack", "", "it is an archive, and TO its folder"),
    _own("strip", "COUNT", "how many folders to leave out at the beginning of each name in the archive"),
    _own("replace", "", "a folder that something else has filled may be replaced"),
    _own("mode", "MODE", "mode, as chmod takes it: 0640, u=rw,g=r,o="),
    _own("owner", "OWNER", "user, user:group or :group"),
    _list("header", "NAME:VALUE", "a header of the request; may be given several times"),
    _own("token_file", "FILE", "file that holds a bearer token"),
    _own("username", "NAME", "for basic authentication"),
    _own("password_file", "FILE", "file that holds the password"),
    _own("ca", "FILE", "the authorities to trust, in PEM"),
    _own("cert", "FILE", "client certificate, in PEM"),
    _own("key", "FILE", "its key, in PEM"),
    _own("etag_cache", "FOLDER", "keep what came with its ETag in this folder"),
    _own("ref", "REF", "branch, tag or commit of a git repository"),
    _own("path", "PATH", "file or folder in a git repository, or file of an OCI artifact"),
    _own("field", "NAME", "one field of a Vault secret"),
    _own("role", "ROLE", "Vault: log in with the pod's service account"),
    _list("store", "KEY=VALUE", "a setting of the object store's client: endpoint, region, ..."),
    _own("retries", "COUNT", "how often a passing error is tried again (default: 5)"),
    _own("stall", "TIME", "how long next to nothing may come (default: 60s)"),
)
_CHECK = (
    _own("fix", "", "mend what can be mended without changing what works, in place; comments stay"),
    _own("diff", "", "print what --fix changes, or would change"),
    _own("live", "", "look at what runs in a cluster instead of files (KUBECONFIG, or the pod's service account)"),
    _own("namespace", "NAME", "live: this namespace (default: that of the kubeconfig)", short="-n"),
    _own("all_namespaces", "", "live: all namespaces", short="-A"),
    _list("only", "RULE", "these rules alone; may be given several times"),
    _list("ignore", "RULE", "not these rules; for one object: its annotation lockmaster.dev/ignore"),
    _choice("severity", "LEVEL", ("info", "warning", "error"), "info", "show nothing below it"),
    _choice(
        "fail_on",
        "LEVEL",
        ("error", "warning", "info", "never"),
        "warning",
        "exit 3 for a finding as bad as this, or worse",
    ),
    _choice(
        "output",
        "FORM",
        ("auto", "human", "json", "sarif", "github"),
        "auto",
        "auto is github in a GitHub workflow, else human",
    )._replace(short="-o"),
    _own("list", "", "list the rules"),
    _own("explain", "RULE", "say what a rule is about"),
)

_BUILD = (
    _choice(
        "pattern", "NAME", ("init", "job-and-gate", "helm-hook", "argo-presync", "flux"), "init",
        "how the migrations are run",
    ),
    _own("name", "NAME", "of the application, and of its objects"),
    _own("namespace", "NAME", "namespace of the objects (default: left to who applies them)"),
    _own("image", "IMAGE", "the application's image, with a tag that names one build, or a digest"),
    _own("lockmaster_image", "IMAGE", "Lockmaster's image (default: lockmaster, of this version)"),
    _choice(
        "from", "WHERE", ("auto", "bundle", "same-image", "copy", "image-volume"), "auto",
        "how Lockmaster and the migrations come together; auto is image-volume from Kubernetes 1.35 on, else bundle",
    ),
    _own("kubernetes_version", "VERSION", "of the cluster: 1.36 (default: not known, and nothing newer than 1.29 is used)"),
    _own("replicas", "COUNT", "of the application (default: 3)"),
    _own("port", "PORT", "that the application listens on (default: 8080)"),
    _own("secret", "NAME/KEY", "with the URL of the application's role (default: NAME-database/url)"),
    _own("migration_secret", "NAME/KEY", "with the URL of the owner's role (default: NAME-database-owner/url)"),
    _own("proxy", "IMAGE", "a proxy to the database, as a native sidecar"),
    _list("proxy_arg", "ARG", "for the proxy; may be given several times: --proxy-arg=--port=5432"),
    _own("proxy_port", "PORT", "that the proxy listens on when it is ready (default: 5432)"),
    _own("mesh", "NAME", "istio or linkerd: its proxy becomes a native sidecar, so that init containers have a network"),
    _own("events", "", "migrations are told as Kubernetes Events: with a Role, and a token in our containers alone"),
    _own("output", "DIR", "write files into this folder instead of printing them"),
    _own("force", "", "replace files that are there"),
)  # fmt: skip

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command("migrate", "bring the schema to the level of the folder, one replica at a time", database=True),
        Command("gate", "wait until the schema is at the level of the folder; never write", database=True),
        Command(
            "status",
            "show migrations with their state, and who holds the turn",
            own=(_JSON, _own("check", "", "exit 3 when the schema is behind")),
            database=True,
        ),
        Command("new", "make the next, empty migration of the folder", words=("NAME",)),
        Command(
            "resolve",
            "say what became of a migration that nobody else can judge",
            own=(
                _own("applied", "MIGRATION", "it is in effect: record it as applied"),
                _own("rolled_back", "MIGRATION", "nothing of it is left: it may run again"),
            ),
            database=True,
        ),
        Command(
            "baseline",
            "mark migrations as applied without running them, for a database that has them already",
            own=(_own("to", "MIGRATION", "the last one that the database has"),),
            database=True,
        ),
        Command(
            "exec",
            "run a command, one replica at a time, at most once per key",
            own=(
                _own("once", "KEY", "it has run before where this key is recorded: a version, an image digest, a name"),
                _list(
                    "once_of", "PATH", "the key is made of the content of these files and folders, and of the command"
                ),
                _own("always", "", "run it every time, also with a known folder of migrations"),
                _own("retry_on", "CODES", "exit codes after which it is tried again: 1,137"),
                _own("retries", "N", "how often, at most (default: 3)"),
                _own("grace", "TIME", "how long it may take to end, once it was asked to (default: 10s)"),
                _own("export_url", "NAME", "variable in which the command gets the database's URL"),
                _own(
                    "lease",
                    "NAME",
                    "a Kubernetes Lease as the turn, where the database has no lock of ours; it does not fence",
                ),
                _own(
                    "end_orphans", "", "end database sessions that an earlier holder's command left, instead of waiting"
                ),
            ),
            database=True,
            rest="CMD ARGS",
        ),
        Command(
            "up", "run the steps of lockmaster.yaml in order, then become the application", rest="CMD ARGS", steps=True
        ),
        Command(
            "fetch",
            "bring a file or a folder from elsewhere, whole or not at all",
            words=("FROM", "TO"),
            own=_FETCH,
            steps=True,
        ),
        Command(
            "permissions",
            "give files and folders their owner and mode, only where they differ, following no link",
            words=("PATH...",),
            own=_PERMISSIONS,
            steps=True,
        ),
        Command(
            "render",
            "make a file, or a folder of files, from templates",
            words=("FROM", "TO"),
            own=_RENDER,
            steps=True,
        ),
        Command(
            "wait",
            "wait until all targets are ready: tcp, http, dns, file, postgres, mysql, redis, amqp, kafka, mongodb, grpc, kube",
            words=("TARGET...",),
            own=(
                _own("timeout", "TIME", "how long to wait for all of them, 0 for no limit (default: 5m)"),
                _own("every", "TIME", "pause between two looks at a target (default: 1s)"),
                _own("limit", "TIME", "limit of one look; who is silent for so long is not ready (default: 5s)"),
                _own("status", "STATUS", "http: the right ones: 200, 2xx, 200-299, 200,401 (default: 2xx)"),
                _list("header", "'NAME: VALUE'", "http: a header to send; may be given several times"),
                _own("body", "REGEX", "http: what is found in the body"),
                _own("contains", "REGEX", "file: what is found in it"),
                _own("until", "STATE", "tcp, file, dns, kube: present (the default), or absent: until it is gone"),
                _own("gone", "STATE", "kube: complete: a Job that is not there (its TTL removed it) is complete"),
                _own("ca", "FILE", "certificates of who may sign the server's (default: the system's)"),
                _own("cert", "FILE", "our certificate, for a server that asks for one"),
                _own("key", "FILE", "the key of --cert (default: it stands in the same file)"),
                _own("insecure", "", "take any certificate"),
            ),
            steps=True,
        ),
        Command("kube build", "make complete manifests for a way to run migrations on Kubernetes", own=_BUILD),
        Command(
            "kube check",
            "find in manifests what goes wrong with migrations on Kubernetes",
            words=("[FILE...]",),
            own=_CHECK,
        ),
        Command(
            "kube status",
            "show each workload of a namespace with its level, who waits for whom, and what failed",
            own=(
                _own("namespace", "NAME", "the namespace (default: the pod's, or the kubeconfig's)", short="-n"),
                _JSON,
            ),
            steps=True,
        ),
        Command(
            "kube inject",
            "put Lockmaster into manifests, as an init container or around a command that is there",
            words=("FILE...",),
            own=_INJECT,
            rest="OPTIONS OF MIGRATE",
        ),
        Command(
            "init",
            "write a first lockmaster.yaml from what is in this folder",
            own=(_own("force", "", "replace a file that is there"), _own("print", "", "only print it")),
        ),
        Command("schema", "print the JSON Schema of lockmaster.yaml, for editors", settings=False),
        Command("settings", "show each effective setting and where it comes from", own=(_JSON,)),
        Command(
            "bundle copy",
            "copy the bundle that this runs from into a folder, whole or not at all",
            words=("DIR",),
            own=(_own("extras", "", "with the packages that only the image has"),),
            settings=False,
        ),
        Command("completion", "print the completion script of a shell", words=("SHELL",), settings=False),
        Command("version", "print the version", settings=False),
        Command("help", "print help, on a command if one is named", settings=False),
    )
}

# The first words of commands that have two, each with what the second ones have in common.
GROUPS = {
    "kube": "manifests for Kubernetes, and what runs there",
    "bundle": "the folder that runs Lockmaster in any image",
}


def named(argv: Sequence[str]) -> tuple[Command | None, int]:
    """The command that a command line begins with, and how many words its name has; (None, 0) where it is none."""
    if not argv:
        return None, 0
    if argv[0] in GROUPS:
        command = COMMANDS.get(" ".join(argv[:2]))
        return command, 2 if command else 0
    command = COMMANDS.get(argv[0])
    return command, 1 if command else 0


def in_group(group: str) -> list[Command]:
    """The commands whose name begins with this word."""
    return [command for command in COMMANDS.values() if command.name.startswith(f"{group} ")]


def options_of(command: Command) -> Iterator[Option]:
    """All options of a command: its own, then the settings that it takes."""
    yield from command.own
    if command.settings:
        own = {option.key for option in command.own}
        yield from (option for option in OPTIONS if option.taken_by(command.name) and option.key not in own)
