"""Whether a script that runs twice betrays itself; a wrong "" is a nuisance, a wrong kind is data lost."""

import pytest

from lockmaster.sql import postgres, sqlite


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("CREATE TABLE t (a int)", "create"),
        ("-- x\nCREATE UNIQUE INDEX i ON t (a); CREATE TABLE u (a int)", "create"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "create"),
        ("CREATE UNLOGGED TABLE t (a int); INSERT INTO t VALUES (1)", "create"),
        ("CREATE TYPE e AS ENUM ('a'); ALTER TABLE t ADD COLUMN e e", "create"),
        ("BEGIN; SET LOCAL lock_timeout = 1; CREATE SCHEMA s; COMMIT", "create"),
        ("CREATE TABLE t (a int); ALTER TABLE t ALTER COLUMN a DROP NOT NULL", "create"),
        ("ALTER TABLE t ADD COLUMN a int", "add-column"),
        ("ALTER TABLE ONLY s.t ADD a int, ADD b int", "add-column"),
        ("ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u ON DELETE SET NULL", "add-column"),
        ("ALTER TABLE t RENAME a TO b", "rename"),
        ("ALTER TABLE t RENAME TO u; UPDATE u SET a = 1", "rename"),
        ("ALTER TYPE e RENAME TO f", "rename"),
        ("DROP TABLE t", "drop"),
        ("DROP INDEX i; DROP TABLE t; INSERT INTO u VALUES (1)", "drop"),
        ("ALTER TABLE t DROP COLUMN a", "drop"),
        ("ALTER TABLE t DROP CONSTRAINT c, ALTER COLUMN a SET NOT NULL", "drop"),
        # already harmless to repeat, or nothing that fails
        ("CREATE TABLE IF NOT EXISTS t (a int)", ""),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", ""),
        ("CREATE TEMP TABLE t (a int)", ""),
        ("CREATE TABLE pg_temp.t (a int)", ""),
        ("CREATE INDEX ON t (a)", ""),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", ""),
        ("DROP TABLE IF EXISTS t", ""),
        ("ALTER TABLE IF EXISTS t ADD COLUMN a int", ""),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", ""),
        ("ALTER TABLE t ADD UNIQUE (a)", ""),
        ("ALTER TABLE t ADD CHECK (a > 0)", ""),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", ""),
        ("ALTER TYPE e RENAME VALUE 'a' TO 'b'", ""),
        ("UPDATE t SET a = a * 2; CREATE TABLE t (a int)", ""),
        ("INSERT INTO t VALUES (1)", ""),
        ("DO $$ $$; CREATE TABLE t (a int)", ""),
        ("VACUUM; CREATE TABLE t (a int)", ""),
        ("", ""),
        # a later statement takes away what would make the first one fail
        ("ALTER TABLE t DROP COLUMN a, ADD COLUMN a text", ""),
        ("ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a text", ""),
        (
            "ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u",
            "",
        ),
        ("DROP VIEW v; CREATE VIEW v AS SELECT 2", ""),
        (
            "CREATE TYPE e_new AS ENUM ('a'); ALTER TYPE e RENAME TO e_old; ALTER TYPE e_new RENAME TO e",
            "",
        ),
        ("CREATE TABLE t_new (a int); DROP TABLE t; ALTER TABLE t_new RENAME TO t", ""),
        ("CREATE TABLE t (a int); DROP SCHEMA public CASCADE", ""),
        ("CREATE INDEX i ON t (a); ALTER TABLE t DROP COLUMN a", ""),
        ("CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA s", ""),
        ("CREATE TABLE t (a int); CREATE SCHEMA me", ""),
        ("CREATE TABLE t (a int); ALTER ROLE me SET search_path = x", ""),
        ("ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b", ""),
        ("ALTER TABLE t RENAME TO t_old; CREATE TABLE t (a int); DROP TABLE t_old", ""),
        ("CREATE TABLE t (a int); SELECT drop_it()", ""),
        ("CREATE TABLE t (a int); (SELECT drop_it())", ""),
        ("CREATE TABLE t (a int); DO $$ BEGIN EXECUTE 'drop table t'; END $$", ""),
        ("CREATE TABLE t (a int); CALL p()", ""),
        ("CREATE TABLE t (a int); ROLLBACK", ""),
        ("ALTER TABLE t ADD COLUMN a int" + ", ADD COLUMN b int" * 1000 + ", DROP COLUMN c", ""),
        ("ALTER", ""),  # a file cut short: the server says what is wrong with it
    ],
)
def test_first_statement_of_postgres(script: str, expected: str) -> None:
    assert postgres.parse(script.encode()).first == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("CREATE TABLE t (a)", "create"),
        ("PRAGMA foreign_keys=OFF; CREATE TABLE new_t (a); DROP TABLE t; ALTER TABLE new_t RENAME TO t", ""),
        ("CREATE TEMP TABLE t (a)", ""),
        ("ALTER TABLE t ADD COLUMN a", "add-column"),
        ("DROP TABLE t", "drop"),
        ("INSERT INTO t VALUES (1); CREATE TABLE t (a)", ""),
        ("BEGIN; CREATE TABLE t (a); ROLLBACK", ""),
        ("VACUUM; CREATE TABLE t (a)", ""),
    ],
)
def test_first_statement_of_sqlite(script: str, expected: str) -> None:
    assert sqlite.parse(script.encode()).first == expected
