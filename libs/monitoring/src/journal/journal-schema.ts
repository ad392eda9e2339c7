/**
 * Closed segments and sealed minutes are never changed. An open segment (`to_ms` null) reaches up to the watermark,
 * so that a round in which nothing happened writes one row only.
 */
export const journalSchema = `
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
