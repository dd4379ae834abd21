"""nginx (Debian's): virtual servers as a test writes them."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.needs import need_program

CONFIG = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    access_log off; server_tokens off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {servers}
}}
"""


class Nginx(Daemon):
    """One server. `{port}` and `{folder}` in its `servers` are put in; the first listens on {port}."""

    kind = "nginx"

    def __init__(self, servers: str) -> None:
        self._servers = servers
        super().__init__()

    def prepare(self) -> None:
        servers = self._servers.replace("{port}", str(self.port)).replace("{folder}", str(self.folder))
        (self.folder / "nginx.conf").write_text(CONFIG.format(folder=self.folder, servers=servers))

    def command(self) -> Sequence[str | Path]:
        program = need_program("nginx", "nginx-light")
        return [program, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", "stderr"]
