/** The first tables. `number` is the order of arrival; documents are JSON of the shapes in phase/, with what is looked up beside them. */
export const first = `
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  job TEXT NOT NULL
) STRICT;
CREATE INDEX jobsByState ON jobs (state, number);
CREATE INDEX jobsUnfinished ON jobs (number) WHERE state IN ('queued', 'assigned', 'running');

CREATE TABLE events (
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (job, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  digest TEXT NOT NULL,
  envelope BLOB NOT NULL,
  PRIMARY KEY (job, attempt)
) STRICT;

-- The key is the promise: at most one accepted receipt for each replica of a job.
CREATE TABLE receipts (
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  replica INTEGER NOT NULL,
  id TEXT NOT NULL,
  envelope BLOB NOT NULL,
  PRIMARY KEY (job, replica)
) STRICT;

CREATE TABLE idempotencyKeys (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  expiresAtMs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotencyKeysByExpiry ON idempotencyKeys (expiresAtMs);
CREATE INDEX idempotencyKeysByJob ON idempotencyKeys (job);

CREATE TABLE modules (
  number INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  info TEXT NOT NULL
) STRICT;

-- bytes is NULL where they lie in a file.
CREATE TABLE contents (
  number INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  bytes BLOB
) STRICT;
CREATE INDEX contentsInFiles ON contents (digest) WHERE bytes IS NULL;

CREATE TABLE usage (one INTEGER PRIMARY KEY CHECK (one = 1), contents INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO usage VALUES (1, 0, 0);
CREATE TRIGGER contentsAdded AFTER INSERT ON contents BEGIN
  UPDATE usage SET contents = contents + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER contentsDeleted AFTER DELETE ON contents BEGIN
  UPDATE usage SET contents = contents - 1, bytes = bytes - OLD.size;
END;

CREATE TABLE peers (
  peerId TEXT PRIMARY KEY,
  seenAtMs INTEGER NOT NULL,
  peer TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX peersBySeen ON peers (seenAtMs);

CREATE TABLE holdings (
  number INTEGER PRIMARY KEY,
  submitter TEXT NOT NULL,
  digest TEXT NOT NULL,
  UNIQUE (submitter, digest)
) STRICT;
CREATE INDEX holdingsBySubmitter ON holdings (submitter, number);
`
