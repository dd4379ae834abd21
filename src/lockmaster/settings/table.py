"""OPTIONS: the one list of options.

Flags, LOCKMASTER_ variables, keys of lockmaster.yaml, help, completion and docs/settings.md are all made from it.
"""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["str", "duration", "limit", "choice", "path", "bool", "secret", "list"]


JOINT = "\0"  # between the values of a "list": no argument of a process can hold it


class Option(NamedTuple):
    """One option. Its default is text, as a user would write it.

    "limit" is a duration where 0 means no limit; "list" may be given several times (its values travel joined by JOINT).
    """

    key: str
    kind: Kind
    metavar: str
    default: str
    commands: tuple[str, ...]
    group: str
    help: str
    choices: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()  # (command, default) where one command has its own
    short: str = ""
    field: bool = True  # False: not in Options, it only helps to find a value that is
    also: str = ""  # where else a value comes from, for help and docs

    @property
    def flag(self) -> str:
        return "--" + self.key.replace("_", "-")

    @property
    def env(self) -> str:
        return "LOCKMASTER_" + self.key.upper()

    def taken_by(self, command: str) -> bool:
        """Whether the command has this option. `settings` has all, to show them."""
        return command in self.commands or command == "settings"

    def default_for(self, command: str) -> str:
        return dict(self.defaults).get(command, self.default) if self.defaults else self.default


_MIGRATE = ("migrate",)
_GATED = ("migrate", "gate")
_COMPARING = ("migrate", "gate", "status")
_TURN = ("migrate", "baseline", "resolve", "exec")
_DATABASE = ("migrate", "gate", "status", "baseline", "resolve", "exec", "kube status")
_SCRIPTS = ("migrate", "gate", "status", "baseline", "resolve")
_FOLDER = (*_SCRIPTS, "new")
_STEPS = (
    "exec",
    "up",
    "wait",
    "permissions",
    "render",
    "fetch",
)
_KUBE = ("kube build", "kube check", "kube status", "kube inject")
_TELLING = ("migrate", "gate", "exec", "up")
_EVERY = (*_FOLDER, *_STEPS, *_KUBE, "init")

_WHAT = "what to migrate"
_WHERE = "which database"
_WAITING = "waiting and limits"
_POLICY = "where folder and database differ"
_OUTPUT = "output"

OPTIONS: tuple[Option, ...] = (
    Option("dir", "path", "DIR", "", (*_FOLDER, "exec", "kube build"), _WHAT,
           "folder of the migrations; in a Prisma project it is found as Prisma finds it"),
    Option("format", "choice", "FORMAT", "auto", _FOLDER, _WHAT,
           "layout of the folder and of the history table; auto looks at the folder", ("auto", "native", "prisma")),
    Option("to", "str", "VERSION", "", _GATED, _WHAT, "stop after this migration (default: all)"),
    Option("schema", "str", "SCHEMA", "", _SCRIPTS, _WHAT, "schema that the scripts work in (search_path)",
           also="?schema= of a Prisma URL"),
    Option("history_schema", "str", "SCHEMA", "", _DATABASE, _WHAT,
           "schema of the history table (default: where it is found, else as the format has it)"),
    Option("dry_run", "bool", "", "false", _MIGRATE, _WHAT, "print the plan and its SQL; touch nothing"),

    Option("url", "secret", "URL", "", _DATABASE, _WHERE, "postgresql://user:password@host/database or sqlite:///file",
           also="the variable of a Prisma project's url; DATABASE_URL; DATABASE_URL_FILE"),
    Option("url_file", "path", "FILE", "", _DATABASE, _WHERE, "file that holds the URL", field=False),
    Option("url_env", "str", "NAME", "", _DATABASE, _WHERE, "variable that holds the URL", field=False),
    Option("host", "str", "HOST", "", _DATABASE, _WHERE, "part of the URL, in place of the URL's own", field=False),
    Option("port", "str", "PORT", "", _DATABASE, _WHERE, "part of the URL, likewise", field=False),
    Option("user", "str", "USER", "", _DATABASE, _WHERE, "part of the URL, likewise", field=False),
    Option("password", "secret", "PASSWORD", "", _DATABASE, _WHERE,
           "part of the URL, likewise; as it is, Lockmaster does the percent-encoding", field=False),
    Option("password_file", "path", "FILE", "", _DATABASE, _WHERE, "file that holds the password", field=False),
    Option("dbname", "str", "NAME", "", _DATABASE, _WHERE, "part of the URL, likewise", field=False),
    Option("direct_url", "secret", "URL", "", _DATABASE, _WHERE,
           "URL past the connection pooler, for what needs a session",
           also="the variable of a Prisma project's directUrl; DIRECT_DATABASE_URL; DIRECT_URL"),
    Option("direct_url_file", "path", "FILE", "", _DATABASE, _WHERE, "file that holds the direct URL", field=False,
           also="DIRECT_DATABASE_URL_FILE"),
    Option("pooler", "choice", "KIND", "auto", _DATABASE, _WHERE, "what is between here and the server",
           ("auto", "none", "session", "transaction"), also="?pgbouncer=true of a Prisma URL"),
    Option("pod", "str", "NAME", "", _DATABASE, _WHERE,
           "who we are, for application_name and the history", also="POD_NAME; HOSTNAME; the host's name"),
    Option("pod_uid", "str", "UID", "", _DATABASE, _WHERE,
           "the pod's uid: with it a waiter can tell that the pod which has the turn is gone", also="POD_UID"),

    Option("wait_for_database", "duration", "TIME", "2m", _DATABASE, _WAITING,
           "how long the database may take to accept work", defaults=(("kube status", "5s"),)),
    Option("wait_for_turn", "duration", "TIME", "30m", _TURN, _WAITING,
           "how long to wait while another replica migrates"),
    Option("order", "choice", "BY", "database", ("migrate", "exec"), _WAITING,
           "lease: pods come one by one by a Kubernetes Lease; migrate takes the database's turn all the same, exec does not,"
           " and a Lease does not fence", ("database", "lease")),
    Option("deadline", "limit", "TIME", "0", (*_GATED, *_STEPS, "kube build"), _WAITING,
           "limit of the whole run, 0 for none", defaults=(("gate", "10m"), ("kube build", "15m"))),
    Option("ddl_lock_timeout", "duration", "TIME", "800ms", _MIGRATE, _WAITING,
           "how long a statement may wait for a table lock before it gives way to live traffic"),
    Option("ddl_lock_budget", "duration", "TIME", "5m", _MIGRATE, _WAITING,
           "how long to go on trying for a table lock"),
    Option("statement_timeout", "limit", "TIME", "0", _MIGRATE, _WAITING, "limit of one statement, 0 for none"),

    Option("ahead", "choice", "DO", "warn", _COMPARING, _POLICY,
           "the database knows migrations that this folder does not", ("warn", "fail")),
    Option("checksum", "choice", "DO", "auto", _COMPARING, _POLICY,
           "a file was edited after it was applied; auto does as the format's own tool",
           ("auto", "ignore", "warn", "fail")),
    Option("out_of_order", "choice", "DO", "auto", _COMPARING, _POLICY,
           "a pending migration is older than an applied one; auto does as the format's own tool",
           ("auto", "allow", "fail")),
    Option("recover", "choice", "DO", "auto", _MIGRATE, _POLICY,
           "a migration was interrupted: auto repeats it where that is provably safe", ("auto", "never")),

    Option("log_format", "choice", "FORMAT", "auto", _EVERY, _OUTPUT,
           "auto is text on a terminal and JSON lines elsewhere", ("auto", "text", "json")),
    Option("color", "choice", "WHEN", "auto", _EVERY, _OUTPUT, "auto is on a terminal only",
           ("auto", "always", "never"), also="NO_COLOR"),
    Option("termination_log", "path", "FILE", "", _EVERY, _OUTPUT,
           "where to write why it failed, or the level when it did not, at most 4096 bytes; none for nowhere",
           also="/dev/termination-log in a pod"),
    Option("kube_events", "choice", "WHEN", "auto", _TELLING, _OUTPUT,
           "Kubernetes Events on the pod and its owner; auto is in a pod with a service account token",
           ("auto", "never")),
    Option("quiet", "bool", "", "false", _EVERY, _OUTPUT, "warnings and errors only", short="-q"),
    Option("verbose", "bool", "", "false", _EVERY, _OUTPUT, "more lines, and the traceback of a bug", short="-v"),
    Option("config", "path", "FILE", "", _EVERY, _OUTPUT, "settings file (default: ./lockmaster.yaml if it is there)",
           field=False),
)  # fmt: skip
