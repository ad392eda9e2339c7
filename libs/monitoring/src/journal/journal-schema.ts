import type Database from 'libsql';
import { z } from 'zod';

import { JournalTooNewError } from './journal-errors.js';

/**
 * Closed segments and sealed minutes are never changed. An open segment (`to_ms` null) reaches up to the watermark,
 * so that a round in which nothing happened writes one row only.
 */
const recorded = `
CREATE TABLE IF NOT EXISTS segments (
  service      TEXT    NOT NULL,
  from_ms      INTEGER NOT NULL,
  to_ms        INTEGER CHECK (to_ms > from_ms),
  state        TEXT    NOT NULL CHECK (state IN ('up', 'down', 'starting', 'unknown')),
  reason       TEXT    CHECK ((reason IS NULL) = (state = 'up')),
  inferred     INTEGER NOT NULL CHECK (inferred IN (0, 1) AND (inferred = 0 OR state = 'up')),
  container_id TEXT,
  PRIMARY KEY (service, from_ms)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS open_segments ON segments (service) WHERE to_ms IS NULL;

CREATE TABLE IF NOT EXISTS minutes (
  minute_ms     INTEGER PRIMARY KEY CHECK (minute_ms % 60000 = 0),
  content       TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash          TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS watermark (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  since_ms     INTEGER NOT NULL,
  watermark_ms INTEGER NOT NULL,
  resume       TEXT    NOT NULL
) STRICT;

CREATE TRIGGER IF NOT EXISTS closed_segments_stay BEFORE UPDATE ON segments WHEN OLD.to_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed segment does not change'); END;

CREATE TRIGGER IF NOT EXISTS only_the_end_is_set BEFORE UPDATE OF service, from_ms, state, reason, inferred, container_id ON segments
BEGIN SELECT RAISE(ABORT, 'only the end of a segment is set'); END;

CREATE TRIGGER IF NOT EXISTS minutes_stay BEFORE UPDATE ON minutes
BEGIN SELECT RAISE(ABORT, 'a sealed minute does not change'); END;

CREATE TRIGGER IF NOT EXISTS watermark_rises BEFORE UPDATE ON watermark WHEN NEW.watermark_ms < OLD.watermark_ms
BEGIN SELECT RAISE(ABORT, 'the watermark does not fall'); END;
`;

/**
 * Sums per hour, derived from sealed minutes: they may be thrown away and are made anew. Each row holds the sum from
 * the first hour to the end of its own, so that a window of any length is the difference of two rows.
 */
const derived = `
CREATE TABLE hour_sums (
  service        TEXT    NOT NULL,
  until_ms       INTEGER NOT NULL CHECK (until_ms % 3600000 = 0),
  up_ms          INTEGER NOT NULL,
  inferred_up_ms INTEGER NOT NULL,
  down_ms        INTEGER NOT NULL,
  starting_ms    INTEGER NOT NULL,
  PRIMARY KEY (service, until_ms)
) STRICT, WITHOUT ROWID;

-- Time in which all were up at once, per set of services: sets differ from minute to minute while a glob grows.
CREATE TABLE hour_all_up (
  services  TEXT    NOT NULL,
  until_ms  INTEGER NOT NULL CHECK (until_ms % 3600000 = 0),
  all_up_ms INTEGER NOT NULL,
  PRIMARY KEY (services, until_ms)
) STRICT, WITHOUT ROWID;

-- Consecutive hours in which a service had the same containers in the same order.
CREATE TABLE hour_containers (
  service       TEXT    NOT NULL,
  from_ms       INTEGER NOT NULL,
  until_ms      INTEGER NOT NULL,
  container_ids TEXT    NOT NULL,
  PRIMARY KEY (service, from_ms)
) STRICT, WITHOUT ROWID;

-- Hours of which only the sums per service are certain, since the choice of services changed after they were archived.
CREATE TABLE hours_in_doubt (hour_ms INTEGER PRIMARY KEY) STRICT;

CREATE TABLE hours_built (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  selection TEXT    NOT NULL,
  until_ms  INTEGER
) STRICT;
`;

/** What retention keeps for good: the minutes of an hour, compressed, between the hashes before and at its end. */
const archive = `
CREATE TABLE archived_hours (
  hour_ms       INTEGER PRIMARY KEY CHECK (hour_ms % 3600000 = 0),
  previous_hash TEXT NOT NULL,
  hash          TEXT NOT NULL,
  -- Canonical texts, one per line, deflated, in base64.
  minutes       TEXT NOT NULL
) STRICT;

CREATE TRIGGER archived_hours_stay BEFORE UPDATE ON archived_hours
BEGIN SELECT RAISE(ABORT, 'an archived hour does not change'); END;

CREATE TRIGGER archived_hours_are_kept BEFORE DELETE ON archived_hours
BEGIN SELECT RAISE(ABORT, 'an archived hour is kept'); END;

CREATE TRIGGER minutes_are_kept_or_archived BEFORE DELETE ON minutes
WHEN NOT EXISTS (SELECT 1 FROM archived_hours WHERE hour_ms = OLD.minute_ms - OLD.minute_ms % 3600000)
BEGIN SELECT RAISE(ABORT, 'a minute leaves only for the archive'); END;

CREATE TRIGGER segments_are_kept_until_archived BEFORE DELETE ON segments
WHEN OLD.to_ms IS NULL OR OLD.to_ms > (SELECT coalesce(max(hour_ms) + 3600000, 0) FROM archived_hours)
BEGIN SELECT RAISE(ABORT, 'a segment leaves only after its minutes were archived'); END;
`;

/** Derived as well: of each minute, what its hour has added up to its end, for windows that begin or end within an hour. */
const withinHours = `
CREATE TABLE minute_sums (
  until_ms INTEGER PRIMARY KEY CHECK (until_ms % 60000 = 0 AND until_ms % 3600000 <> 0),
  sums     TEXT NOT NULL
) STRICT;

-- They are cut at minutes from now on.
ALTER TABLE hour_containers RENAME TO container_runs;
`;

/** One text per version; a journal of version n has had the first n. */
const versions = [recorded, derived + archive, withinHours];

const versionRows = z.array(z.object({ version: z.int() }));

/**
 * Makes or upgrades the tables. Sums of what an older version recorded are not made here, so that the worker is ready
 * at once: see `JournalUpkeep`.
 * @throws JournalTooNewError
 */
export function upgradeSchema(database: Database.Database): void {
  const rows = database.prepare('SELECT user_version AS version FROM pragma_user_version').all();
  const found = versionRows.parse(rows)[0]?.version ?? 0;
  if (found > versions.length) throw new JournalTooNewError(found, versions.length);
  if (found === versions.length) return;
  database.exec('BEGIN IMMEDIATE');
  for (const statements of versions.slice(found)) database.exec(statements);
  database.exec(`PRAGMA user_version = ${versions.length}`);
  database.exec('COMMIT');
}
