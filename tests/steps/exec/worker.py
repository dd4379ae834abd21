"""The command of these tests: works in the database for some time, and leaves a row of when it began and ended.

    worker.py SECONDS [EXIT]        one transaction per sentence, as migration tools have it

`npm` starts `sh`, which starts `node`: so this starts `sh`, which starts itself.
"""

import os
import subprocess
import sys
import time

import psycopg2


def main() -> int:
    seconds, status = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if "INNER" not in os.environ:
        line = f'"{sys.executable}" "{__file__}" {seconds} {status}; exit $?'
        return subprocess.run(["/bin/sh", "-c", line], env={**os.environ, "INNER": "1"}, check=False).returncode
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("INSERT INTO work (pid) VALUES (pg_backend_pid()) RETURNING id")
    (number,) = cursor.fetchone()
    sys.stdout.write(f"working {number}\n")
    sys.stdout.flush()
    cursor.execute(f"SELECT pg_sleep({seconds})")
    time.sleep(0.05)
    sys.stderr.write("worked\n")
    if status == 0:
        cursor.execute("UPDATE work SET ended = clock_timestamp() WHERE id = %s", (number,))
    return status


sys.exit(main())
