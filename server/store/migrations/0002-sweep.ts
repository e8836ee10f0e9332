/**
 * What sweeping by age needs: when a job ended, what an unfinished one needs, when a content was last needed, and what the rows of a job
 * count in the quota. What was there before counts as used at the upgrade: nobody knows better, and what jobs need must outlive them.
 */
export const sweep = `
ALTER TABLE jobs ADD COLUMN finishedAtMs INTEGER;
ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- What it needs until it has ended; NULL from then on.
ALTER TABLE jobs ADD COLUMN module TEXT;
ALTER TABLE jobs ADD COLUMN stdin TEXT;

UPDATE jobs SET bytes = 512 + octet_length(job)
  + (SELECT coalesce(sum(64 + octet_length(event)), 0) FROM events WHERE events.job = jobs.number)
  + (SELECT coalesce(sum(octet_length(envelope)), 0) FROM requests WHERE requests.job = jobs.number)
  + (SELECT coalesce(sum(octet_length(envelope)), 0) FROM receipts WHERE receipts.job = jobs.number);
UPDATE jobs SET module = json_extract(job, '$.manifest.module'), stdin = json_extract(job, '$.manifest.stdin.digest')
  WHERE state IN ('queued', 'assigned', 'running');
UPDATE jobs SET finishedAtMs =
  CAST(round(unixepoch(coalesce(json_extract(job, '$.finishedAt'), json_extract(job, '$.createdAt')), 'subsec') * 1000) AS INTEGER)
  WHERE state NOT IN ('queued', 'assigned', 'running');

CREATE INDEX jobsByFinish ON jobs (finishedAtMs) WHERE finishedAtMs IS NOT NULL;
CREATE INDEX jobsByModule ON jobs (module) WHERE module IS NOT NULL;
CREATE INDEX jobsByStdin ON jobs (stdin) WHERE stdin IS NOT NULL;

-- usedAtMs comes before bytes: behind them, each look at it would go through them.
CREATE TABLE dated (
  number INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  usedAtMs INTEGER NOT NULL,
  bytes BLOB
) STRICT;
INSERT INTO dated SELECT number, digest, size, CAST(unixepoch('subsec') * 1000 AS INTEGER), bytes FROM contents;
DROP TABLE contents;
ALTER TABLE dated RENAME TO contents;
CREATE INDEX contentsInFiles ON contents (digest) WHERE bytes IS NULL;
CREATE TRIGGER contentsAdded AFTER INSERT ON contents BEGIN
  UPDATE usage SET contents = contents + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER contentsDeleted AFTER DELETE ON contents BEGIN
  UPDATE usage SET contents = contents - 1, bytes = bytes - OLD.size;
END;
CREATE INDEX contentsByUse ON contents (usedAtMs);
-- A module is known only while its bytes are there.
CREATE TRIGGER modulesDeleted AFTER DELETE ON contents BEGIN
  DELETE FROM modules WHERE digest = OLD.digest;
END;

ALTER TABLE usage ADD COLUMN jobs INTEGER NOT NULL DEFAULT 0;
-- Writes that only try whether the disk takes them.
ALTER TABLE usage ADD COLUMN touches INTEGER NOT NULL DEFAULT 0;
UPDATE usage SET jobs = (SELECT coalesce(sum(bytes), 0) FROM jobs);
CREATE TRIGGER jobsAdded AFTER INSERT ON jobs BEGIN
  UPDATE usage SET jobs = jobs + NEW.bytes;
END;
CREATE TRIGGER jobsChanged AFTER UPDATE OF bytes ON jobs BEGIN
  UPDATE usage SET jobs = jobs + NEW.bytes - OLD.bytes;
END;
CREATE TRIGGER jobsDeleted AFTER DELETE ON jobs BEGIN
  UPDATE usage SET jobs = jobs - OLD.bytes;
END;
`
