"""nginx for files: by http and, with a certificate, by https; it tells what it was asked.

with FileServer(tls=authority.sign("server", "127.0.0.1"), extra="location = /loop { return 302 /loop; }") as web:
    (web.root / "a.txt").write_text("hello"); url = web.url("a.txt"); web.requests() tells what was asked
"""

from pathlib import Path

from tests.support.nginx import Nginx
from tests.support.ports import free_port

SERVERS = """
log_format short '$status $request_uri range=$http_range auth=$http_authorization token=$http_x_token';
server {{
    listen 127.0.0.1:{{port}}{ssl}; root {{folder}}/root; access_log {{folder}}/access.log short;
    {lines} {extra}
}}
server {{ listen 127.0.0.1:{other}; root {{folder}}/root; access_log {{folder}}/access.log short; }}
"""


class FileServer(Nginx):
    """One server. A second, plain one is at `other_port`: another origin, OTHER in `extra`."""

    def __init__(self, extra: str = "", tls: tuple[Path, Path] | None = None, more_tls: str = "") -> None:
        self.other_port = free_port()
        self._scheme = "https" if tls else "http"
        lines = f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]}; {more_tls}" if tls else ""
        extra = extra.replace("OTHER", f"http://127.0.0.1:{self.other_port}")
        super().__init__(SERVERS.format(ssl=" ssl" if tls else "", lines=lines, extra=extra, other=self.other_port))

    def prepare(self) -> None:
        super().prepare()
        self.root.mkdir()

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def url(self, name: str) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/{name}"

    def requests(self) -> list[str]:
        """What was asked so far: a line for each answer that is complete."""
        return (self.folder / "access.log").read_text().splitlines()
