package sqlite

import "context"

// applicationID marks the file as a recorded state, in its header: "TRNS".
const applicationID = 0x54524e53

// migration brings the schema from the version before it to its own version.
type migration struct {
	version int
	sql     string
	fill    func(*filling, context.Context) error // what SQL cannot say; nil: nothing
	sum     string                                // see schemaSum: of what there is then; empty: not known
}

// migrations lists all versions of the schema that there have been, in order.
// What has been released is never edited.
func migrations() []migration {
	return []migration{
		{version: 1, sql: schemaV1}, {version: 2, sql: schemaV2}, {version: 3, sql: schemaV3},
		{version: 4, sql: schemaV4, fill: (*filling).sums, sum: "d61682089311011574556b68b7618de958cd67e661b8b7be953021f8ba336c0e"},
	}
}

// schemaV1 has the rules of the store where nobody can get around them: what is
// written once stays, and an item has at most one open attempt.
//
// Instants are text of one width in UTC, so that they sort; an absent one is
// empty, or NULL where its presence means something. The columns of facts after
// hash are for people with a SQL shell; only body counts.
const schemaV1 = `
CREATE TABLE meta (
	id         INTEGER PRIMARY KEY CHECK (id = 1),
	lineage    TEXT NOT NULL CHECK (lineage <> ''),
	kind       TEXT NOT NULL CHECK (kind IN ('production', 'rehearsal')),
	plan       TEXT NOT NULL,
	created    TEXT NOT NULL,
	serial     INTEGER NOT NULL,
	clock      TEXT NOT NULL,
	last_fact  TEXT NOT NULL,
	adopted    TEXT NOT NULL,
	adopted_at TEXT NOT NULL,
	facts      INTEGER NOT NULL, -- seq of the newest fact
	head       BLOB NOT NULL,    -- its hash
	sum        BLOB NOT NULL     -- SHA-256 of this row
) STRICT;
CREATE TRIGGER meta_update BEFORE UPDATE ON meta
WHEN NEW.lineage IS NOT OLD.lineage OR NEW.kind IS NOT OLD.kind OR NEW.created IS NOT OLD.created
	OR NEW.serial <= OLD.serial OR NEW.facts < OLD.facts OR NEW.clock < OLD.clock
BEGIN SELECT RAISE(ABORT, 'a state keeps its lineage, and its serial, history and clock only go forward'); END;
CREATE TRIGGER meta_delete BEFORE DELETE ON meta
BEGIN SELECT RAISE(ABORT, 'a state keeps its description'); END;

CREATE TABLE lease (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	epoch   INTEGER NOT NULL,
	host    TEXT NOT NULL,
	pid     INTEGER NOT NULL,
	user    TEXT NOT NULL,
	command TEXT NOT NULL,
	since   TEXT NOT NULL
) STRICT;
CREATE TRIGGER lease_update BEFORE UPDATE ON lease WHEN NEW.epoch <= OLD.epoch
BEGIN SELECT RAISE(ABORT, 'the epoch of the lease only rises'); END;
CREATE TRIGGER lease_delete BEFORE DELETE ON lease
BEGIN SELECT RAISE(ABORT, 'the epoch of the lease only rises'); END;
INSERT INTO lease VALUES (1, 0, '', 0, '', '', '');

CREATE TABLE names (
	id   INTEGER PRIMARY KEY,
	text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TRIGGER names_update BEFORE UPDATE ON names
BEGIN SELECT RAISE(ABORT, 'names are never changed'); END;
CREATE TRIGGER names_delete BEFORE DELETE ON names
BEGIN SELECT RAISE(ABORT, 'names are never removed'); END;

CREATE TABLE tenants (
	id     TEXT PRIMARY KEY,
	record BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tenants_delete BEFORE DELETE ON tenants
BEGIN SELECT RAISE(ABORT, 'tenants are never removed'); END;

CREATE TABLE attempts (
	id         INTEGER PRIMARY KEY,
	tenant     TEXT NOT NULL,
	item       TEXT NOT NULL,
	op         TEXT NOT NULL,
	recipient  TEXT NOT NULL,
	epoch      INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	no         INTEGER NOT NULL,
	key        TEXT NOT NULL,
	lease      INTEGER NOT NULL,
	claimed_at TEXT NOT NULL,
	begun_at   TEXT,
	outcome    TEXT CHECK (outcome IN ('succeeded', 'failed', 'unknown', 'dropped')),
	ended_at   TEXT,
	closed_at  TEXT, -- NULL: open, as is an unknown one before a person has spoken
	CHECK ((outcome IS NULL) = (ended_at IS NULL)),
	CHECK (closed_at IS NULL OR outcome IS NOT NULL),
	CHECK (closed_at IS NOT NULL OR outcome IS NULL OR outcome = 'unknown'),
	CHECK (begun_at IS NOT NULL OR outcome IS NULL OR outcome IN ('failed', 'dropped')),
	CHECK (begun_at IS NULL OR outcome IS NOT 'dropped')
) STRICT;
CREATE UNIQUE INDEX attempts_open ON attempts (tenant, item, recipient) WHERE closed_at IS NULL;
CREATE TRIGGER attempts_update BEFORE UPDATE ON attempts
WHEN OLD.closed_at IS NOT NULL
	OR (OLD.outcome IS NOT NULL AND (NEW.outcome IS NOT OLD.outcome OR NEW.ended_at IS NOT OLD.ended_at))
	OR (OLD.begun_at IS NOT NULL AND NEW.begun_at IS NOT OLD.begun_at)
	OR NEW.id IS NOT OLD.id OR NEW.tenant IS NOT OLD.tenant OR NEW.item IS NOT OLD.item OR NEW.op IS NOT OLD.op
	OR NEW.recipient IS NOT OLD.recipient OR NEW.epoch IS NOT OLD.epoch OR NEW.generation IS NOT OLD.generation
	OR NEW.no IS NOT OLD.no OR NEW.key IS NOT OLD.key OR NEW.lease IS NOT OLD.lease
	OR NEW.claimed_at IS NOT OLD.claimed_at
BEGIN SELECT RAISE(ABORT, 'what an attempt has become is written once'); END;
CREATE TRIGGER attempts_delete BEFORE DELETE ON attempts
BEGIN SELECT RAISE(ABORT, 'attempts are never removed'); END;

CREATE TABLE facts (
	seq     INTEGER PRIMARY KEY,
	tenant  TEXT NOT NULL,
	attempt INTEGER REFERENCES attempts (id),
	body    TEXT NOT NULL,
	hash    BLOB NOT NULL, -- SHA-256 of the hash before and body
	at      TEXT AS (body ->> '$.at') VIRTUAL,
	kind    TEXT AS (body ->> '$.kind') VIRTUAL,
	item    TEXT AS (body ->> '$.item') VIRTUAL
) STRICT;
CREATE INDEX facts_tenant ON facts (tenant);
CREATE TRIGGER facts_update BEFORE UPDATE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are never changed'); END;
CREATE TRIGGER facts_delete BEFORE DELETE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are never removed'); END;
`

// schemaV2 keeps the plan that was adopted last, whole: its variables, and its
// files, of which equal ones are kept once. It is no history, so that it may
// change; sum of meta covers adoption, and that covers all of it.
const schemaV2 = `
ALTER TABLE meta ADD COLUMN adopted_inventory TEXT NOT NULL DEFAULT '';
ALTER TABLE meta ADD COLUMN adoption BLOB NOT NULL DEFAULT x''; -- SHA-256 of what is kept; empty: nothing is

CREATE TABLE adopted_vars (
	name  TEXT PRIMARY KEY,
	value TEXT -- as JSON; NULL: it was set, and is never kept
) STRICT, WITHOUT ROWID;

CREATE TABLE adopted_files (
	path TEXT PRIMARY KEY,
	hash BLOB NOT NULL -- of contents
) STRICT, WITHOUT ROWID;

CREATE TABLE contents (
	hash BLOB NOT NULL,    -- SHA-256 of the whole file
	part INTEGER NOT NULL, -- from 0
	size INTEGER NOT NULL, -- of the part, in bytes
	data BLOB NOT NULL,    -- the part, compressed (RFC 1951)
	PRIMARY KEY (hash, part)
) STRICT;
`

// schemaV3 keeps beside the adopted plan the one of which a part was applied since:
// what that has begun, the adopted one may not know.
const schemaV3 = `
ALTER TABLE meta ADD COLUMN part TEXT NOT NULL DEFAULT '';
ALTER TABLE meta ADD COLUMN part_at TEXT NOT NULL DEFAULT '';
ALTER TABLE meta ADD COLUMN part_inventory TEXT NOT NULL DEFAULT '';
ALTER TABLE meta ADD COLUMN part_sum BLOB NOT NULL DEFAULT x''; -- SHA-256 of what is kept; empty: nothing is

CREATE TABLE part_vars (
	name  TEXT PRIMARY KEY,
	value TEXT -- as JSON; NULL: it was set, and is never kept
) STRICT, WITHOUT ROWID;

CREATE TABLE part_files (
	path TEXT PRIMARY KEY,
	hash BLOB NOT NULL -- of contents
) STRICT, WITHOUT ROWID;
`

// schemaV4 has checksums of what is gone by. The record of a tenant ends with its
// own; what meta has of the others, the sum of meta covers.
const schemaV4 = `
ALTER TABLE attempts ADD COLUMN sum INTEGER NOT NULL DEFAULT 0; -- CRC-32C of the row
ALTER TABLE lease ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;    -- CRC-32C of the row
ALTER TABLE meta ADD COLUMN names BLOB NOT NULL DEFAULT x'';       -- SHA-256 of all names, chained as facts are
ALTER TABLE meta ADD COLUMN records INTEGER NOT NULL DEFAULT 0;    -- the sums of all records, added up
ALTER TABLE meta ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;   -- id of the newest attempt
ALTER TABLE meta ADD COLUMN open INTEGER NOT NULL DEFAULT 0;       -- the sums of the open attempts, added up
`
