-- The ledger of `exp`, version 1. See README.md beside this file.
--
-- `journal` is the ledger: every record ever made, as canonical JSON, in order, chained by hash.
-- The other tables are projections of it: triggers fill them when a record enters the journal, and
-- `exp verify` derives them again and compares. People read the views at the end.
--
-- Digests are text, 'sha256:<64 hex digits>'. Times are integers, microseconds since
-- 1970-01-01T00:00:00Z; views also give them as ISO 8601 text in UTC.
-- f64() and f64_bits() are functions of `exp`: the double that a JSON number (or {"f64": hex})
-- stands for, and its 64 bits where a REAL column would lose them (NaN, -0).

PRAGMA application_id = 0x65787030;  -- "exp0"

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,       -- 1, 2, 3, … without a gap
  kind TEXT NOT NULL,            -- the record's type without its version: 'recipe', 'run', …
  digest TEXT NOT NULL UNIQUE,   -- SHA-256 of the body
  body TEXT NOT NULL,            -- RFC 8785 canonical JSON
  hash TEXT NOT NULL             -- SHA-256 of three lines: the previous row's hash, kind, digest
) STRICT;
CREATE INDEX journal_by_kind ON journal (kind);

-- Recipes and results: what is computed, and what came of it.

CREATE TABLE recipe (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  digest TEXT NOT NULL UNIQUE,
  op TEXT NOT NULL,
  revision INTEGER NOT NULL
) STRICT;

CREATE TABLE input (
  recipe INTEGER NOT NULL REFERENCES recipe,
  port TEXT NOT NULL,
  position INTEGER NOT NULL,     -- from 0, in a list port
  kind TEXT NOT NULL CHECK (kind IN ('file', 'tree')),
  artifact TEXT NOT NULL,
  PRIMARY KEY (recipe, port, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX input_by_artifact ON input (artifact);

CREATE TABLE result (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  digest TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE output (
  result INTEGER NOT NULL REFERENCES result,
  port TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('file', 'tree')),
  artifact TEXT NOT NULL,
  PRIMARY KEY (result, port)
) STRICT, WITHOUT ROWID;
CREATE INDEX output_by_artifact ON output (artifact);

CREATE TABLE score (
  result INTEGER NOT NULL REFERENCES result,
  name TEXT NOT NULL,
  value REAL,                    -- NULL for NaN
  bits INTEGER,                  -- the 64 bits, for NaN and -0 only
  standard_error REAL,
  count INTEGER,
  higher_is_better INTEGER,
  PRIMARY KEY (result, name)
) STRICT, WITHOUT ROWID;

-- Runs and executions: when, where, by whom, with what code. An end is a row of its own.

CREATE TABLE run (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  number INTEGER NOT NULL UNIQUE,  -- 1 for the first run, and so on
  digest TEXT NOT NULL UNIQUE,
  experiment TEXT NOT NULL,
  profile TEXT,
  purpose TEXT NOT NULL CHECK (purpose IN ('run', 'branch', 'replay', 'audit')),
  parent TEXT,
  started INTEGER NOT NULL
) STRICT;
CREATE INDEX run_by_experiment ON run (experiment, number);

CREATE TABLE run_end (
  run INTEGER PRIMARY KEY REFERENCES run,
  seq INTEGER NOT NULL UNIQUE REFERENCES journal,
  ending TEXT NOT NULL CHECK (ending IN ('done', 'failed', 'interrupted', 'killed')),
  ended INTEGER NOT NULL
) STRICT;

CREATE TABLE execution (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  digest TEXT NOT NULL UNIQUE,
  recipe INTEGER NOT NULL REFERENCES recipe,
  run INTEGER REFERENCES run,
  stage TEXT NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('run', 'branch', 'replay', 'audit')),
  started INTEGER NOT NULL
) STRICT;
CREATE INDEX execution_by_recipe ON execution (recipe);
CREATE INDEX execution_by_run ON execution (run);

CREATE TABLE execution_end (
  execution INTEGER PRIMARY KEY REFERENCES execution,
  seq INTEGER NOT NULL UNIQUE REFERENCES journal,
  ending TEXT NOT NULL CHECK (ending IN ('done', 'failed', 'interrupted', 'killed')),
  ended INTEGER NOT NULL,
  result INTEGER REFERENCES result,
  CHECK ((ending = 'done') = (result IS NOT NULL))
) STRICT;
CREATE INDEX execution_end_by_result ON execution_end (result);

CREATE TABLE run_stage (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  run INTEGER NOT NULL REFERENCES run,
  stage TEXT NOT NULL,
  position INTEGER NOT NULL,     -- from 0, in topological order
  op TEXT NOT NULL,
  recipe TEXT,                   -- NULL when an upstream stage gave no inputs
  execution INTEGER REFERENCES execution,
  outcome TEXT NOT NULL CHECK (outcome IN ('executed', 'hit', 'blocked', 'skipped')),
  UNIQUE (run, stage),
  CHECK ((outcome IN ('executed', 'hit')) = (execution IS NOT NULL))
) STRICT;
CREATE INDEX run_stage_by_execution ON run_stage (execution);

-- Metrics. Points are not in the journal one by one: a 'metrics' record holds the SHA-256 of a
-- batch, over each point's (series' place in the record's list: 4 bytes, step: 8, bits of the
-- double: 8), little-endian.

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  execution INTEGER NOT NULL REFERENCES execution,
  name TEXT NOT NULL,
  UNIQUE (execution, name)
) STRICT;

CREATE TABLE batch (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  execution INTEGER NOT NULL REFERENCES execution,
  first INTEGER NOT NULL UNIQUE,   -- points first … first + count - 1
  count INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_by_execution ON batch (execution);

CREATE TABLE point (
  id INTEGER PRIMARY KEY,
  series INTEGER NOT NULL REFERENCES series,
  step INTEGER NOT NULL,
  value REAL,                    -- NULL for NaN and -0
  bits INTEGER                   -- the 64 bits, for NaN and -0 only
) STRICT;

-- Names and remarks. The newest row of a tag counts; a NULL subject takes it away.

CREATE TABLE tag (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  name TEXT NOT NULL,
  kind TEXT,
  subject TEXT,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX tag_by_name ON tag (name);

CREATE TABLE note (
  seq INTEGER PRIMARY KEY REFERENCES journal,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX note_by_subject ON note (subject);

-- Projections: how each kind of record becomes rows.

CREATE TRIGGER journal_only_grows BEFORE INSERT ON journal
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
  OR EXISTS (SELECT 1 FROM journal WHERE digest = NEW.digest)
BEGIN SELECT raise(ABORT, 'the journal only grows'); END;

CREATE TRIGGER project_recipe AFTER INSERT ON journal WHEN NEW.kind = 'recipe' BEGIN
  INSERT INTO recipe VALUES (
    NEW.seq, NEW.digest, NEW.body ->> '$.op', NEW.body ->> '$.revision');
  INSERT INTO input
    SELECT NEW.seq, port.key, item.key, artifact.key, artifact.value
    FROM json_each(NEW.body, '$.inputs') AS port, json_each(port.value) AS item,
      json_each(item.value) AS artifact;
END;

CREATE TRIGGER project_result AFTER INSERT ON journal WHEN NEW.kind = 'result' BEGIN
  INSERT INTO result VALUES (NEW.seq, NEW.digest);
  INSERT INTO output
    SELECT NEW.seq, port.key, artifact.key, artifact.value
    FROM json_each(NEW.body, '$.outputs') AS port, json_each(port.value) AS artifact;
  INSERT INTO score
    SELECT NEW.seq, key, f64(value -> '$.value'), f64_bits(value -> '$.value'),
      f64(value -> '$.standardError'), value ->> '$.count', value ->> '$.higherIsBetter'
    FROM json_each(NEW.body, '$.scores');
END;

CREATE TRIGGER project_run AFTER INSERT ON journal WHEN NEW.kind = 'run' BEGIN
  INSERT INTO run VALUES (
    NEW.seq, (SELECT coalesce(max(number), 0) + 1 FROM run), NEW.digest,
    NEW.body ->> '$.experiment', NEW.body ->> '$.profile', NEW.body ->> '$.purpose',
    NEW.body ->> '$.parent.run', NEW.body ->> '$.started');
END;

CREATE TRIGGER project_run_end AFTER INSERT ON journal WHEN NEW.kind = 'run-end' BEGIN
  INSERT INTO run_end VALUES (
    (SELECT seq FROM run WHERE digest = NEW.body ->> '$.run'), NEW.seq,
    NEW.body ->> '$.ending', NEW.body ->> '$.ended');
END;

CREATE TRIGGER project_execution AFTER INSERT ON journal WHEN NEW.kind = 'execution' BEGIN
  INSERT INTO execution VALUES (
    NEW.seq, NEW.digest, (SELECT seq FROM recipe WHERE digest = NEW.body ->> '$.recipe'),
    (SELECT seq FROM run WHERE digest = NEW.body ->> '$.run'), NEW.body ->> '$.stage',
    NEW.body ->> '$.purpose', NEW.body ->> '$.started');
END;

CREATE TRIGGER project_execution_end AFTER INSERT ON journal WHEN NEW.kind = 'execution-end' BEGIN
  INSERT INTO execution_end VALUES (
    (SELECT seq FROM execution WHERE digest = NEW.body ->> '$.execution'), NEW.seq,
    NEW.body ->> '$.ending', NEW.body ->> '$.ended',
    (SELECT seq FROM result WHERE digest = NEW.body ->> '$.result'));
END;

CREATE TRIGGER project_run_stage AFTER INSERT ON journal WHEN NEW.kind = 'run-stage' BEGIN
  INSERT INTO run_stage VALUES (
    NEW.seq, (SELECT seq FROM run WHERE digest = NEW.body ->> '$.run'), NEW.body ->> '$.stage',
    NEW.body ->> '$.position', NEW.body ->> '$.op', NEW.body ->> '$.recipe',
    (SELECT seq FROM execution WHERE digest = NEW.body ->> '$.execution'),
    NEW.body ->> '$.outcome');
END;

CREATE TRIGGER project_metrics AFTER INSERT ON journal WHEN NEW.kind = 'metrics' BEGIN
  INSERT INTO batch VALUES (
    NEW.seq, (SELECT seq FROM execution WHERE digest = NEW.body ->> '$.execution'),
    coalesce((SELECT first + count FROM batch ORDER BY first DESC LIMIT 1), 1),
    NEW.body ->> '$.count');
  INSERT INTO series (execution, name)
    SELECT execution.seq, name.value FROM json_each(NEW.body, '$.series') AS name, execution
    WHERE execution.digest = NEW.body ->> '$.execution'
      AND NOT EXISTS (SELECT 1 FROM series AS known
        WHERE known.execution = execution.seq AND known.name = name.value)
    ORDER BY name.key;
END;

CREATE TRIGGER project_tag AFTER INSERT ON journal WHEN NEW.kind = 'tag' BEGIN
  INSERT INTO tag VALUES (
    NEW.seq, NEW.body ->> '$.name', NEW.body ->> '$.subject.kind',
    NEW.body ->> '$.subject.digest', NEW.body ->> '$.time');
END;

CREATE TRIGGER project_note AFTER INSERT ON journal WHEN NEW.kind = 'note' BEGIN
  INSERT INTO note VALUES (
    NEW.seq, NEW.body ->> '$.subject.kind', NEW.body ->> '$.subject.digest',
    NEW.body ->> '$.text', NEW.body ->> '$.time');
END;

-- What has ended takes nothing more.

CREATE TRIGGER batch_precedes_end BEFORE INSERT ON batch
WHEN EXISTS (SELECT 1 FROM execution_end WHERE execution = NEW.execution)
BEGIN SELECT raise(ABORT, 'the execution has ended: it takes no more metrics'); END;
CREATE TRIGGER run_stage_precedes_end BEFORE INSERT ON run_stage
WHEN EXISTS (SELECT 1 FROM run_end WHERE run = NEW.run)
BEGIN SELECT raise(ABORT, 'the run has ended: it takes no more stages'); END;
CREATE TRIGGER execution_ends_once BEFORE INSERT ON execution_end
WHEN EXISTS (SELECT 1 FROM execution_end WHERE execution = NEW.execution)
BEGIN SELECT raise(ABORT, 'the execution has ended already'); END;
CREATE TRIGGER run_ends_once BEFORE INSERT ON run_end
WHEN EXISTS (SELECT 1 FROM run_end WHERE run = NEW.run)
BEGIN SELECT raise(ABORT, 'the run has ended already'); END;

-- What is recorded never changes.

CREATE TRIGGER journal_keeps_values BEFORE UPDATE ON journal
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a journal row cannot be changed'); END;
CREATE TRIGGER journal_keeps_rows BEFORE DELETE ON journal
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a journal row cannot be deleted'); END;
CREATE TRIGGER recipe_keeps_values BEFORE UPDATE ON recipe
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a recipe row cannot be changed'); END;
CREATE TRIGGER recipe_keeps_rows BEFORE DELETE ON recipe
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a recipe row cannot be deleted'); END;
CREATE TRIGGER input_keeps_values BEFORE UPDATE ON input
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a input row cannot be changed'); END;
CREATE TRIGGER input_keeps_rows BEFORE DELETE ON input
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a input row cannot be deleted'); END;
CREATE TRIGGER result_keeps_values BEFORE UPDATE ON result
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a result row cannot be changed'); END;
CREATE TRIGGER result_keeps_rows BEFORE DELETE ON result
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a result row cannot be deleted'); END;
CREATE TRIGGER output_keeps_values BEFORE UPDATE ON output
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a output row cannot be changed'); END;
CREATE TRIGGER output_keeps_rows BEFORE DELETE ON output
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a output row cannot be deleted'); END;
CREATE TRIGGER score_keeps_values BEFORE UPDATE ON score
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a score row cannot be changed'); END;
CREATE TRIGGER score_keeps_rows BEFORE DELETE ON score
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a score row cannot be deleted'); END;
CREATE TRIGGER run_keeps_values BEFORE UPDATE ON run
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a run row cannot be changed'); END;
CREATE TRIGGER run_keeps_rows BEFORE DELETE ON run
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a run row cannot be deleted'); END;
CREATE TRIGGER run_end_keeps_values BEFORE UPDATE ON run_end
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a run_end row cannot be changed'); END;
CREATE TRIGGER run_end_keeps_rows BEFORE DELETE ON run_end
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a run_end row cannot be deleted'); END;
CREATE TRIGGER execution_keeps_values BEFORE UPDATE ON execution
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a execution row cannot be changed'); END;
CREATE TRIGGER execution_keeps_rows BEFORE DELETE ON execution
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a execution row cannot be deleted'); END;
CREATE TRIGGER execution_end_keeps_values BEFORE UPDATE ON execution_end
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a execution_end row cannot be changed'); END;
CREATE TRIGGER execution_end_keeps_rows BEFORE DELETE ON execution_end
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a execution_end row cannot be deleted'); END;
CREATE TRIGGER run_stage_keeps_values BEFORE UPDATE ON run_stage
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a run_stage row cannot be changed'); END;
CREATE TRIGGER run_stage_keeps_rows BEFORE DELETE ON run_stage
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a run_stage row cannot be deleted'); END;
CREATE TRIGGER series_keeps_values BEFORE UPDATE ON series
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a series row cannot be changed'); END;
CREATE TRIGGER series_keeps_rows BEFORE DELETE ON series
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a series row cannot be deleted'); END;
CREATE TRIGGER batch_keeps_values BEFORE UPDATE ON batch
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a batch row cannot be changed'); END;
CREATE TRIGGER batch_keeps_rows BEFORE DELETE ON batch
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a batch row cannot be deleted'); END;
CREATE TRIGGER point_keeps_values BEFORE UPDATE ON point
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a point row cannot be changed'); END;
CREATE TRIGGER point_keeps_rows BEFORE DELETE ON point
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a point row cannot be deleted'); END;
CREATE TRIGGER tag_keeps_values BEFORE UPDATE ON tag
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a tag row cannot be changed'); END;
CREATE TRIGGER tag_keeps_rows BEFORE DELETE ON tag
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a tag row cannot be deleted'); END;
CREATE TRIGGER note_keeps_values BEFORE UPDATE ON note
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a note row cannot be changed'); END;
CREATE TRIGGER note_keeps_rows BEFORE DELETE ON note
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a note row cannot be deleted'); END;

-- Views: what people and other programs read. Their columns only ever grow.

CREATE VIEW records AS SELECT digest, kind, body, seq FROM journal;

CREATE VIEW runs AS
SELECT run.number, run.digest AS run, run.experiment, run.profile, run.purpose,
  coalesce(run_end.ending, 'running') AS status,
  strftime('%Y-%m-%dT%H:%M:%fZ', run.started / 1e6, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%fZ', run_end.ended / 1e6, 'unixepoch') AS ended,
  (run_end.ended - run.started) / 1e6 AS seconds,
  json_array_length(journal.body, '$.stages') AS planned,
  (SELECT count(*) FROM run_stage WHERE run_stage.run = run.seq AND outcome = 'executed')
    AS executed,
  (SELECT count(*) FROM run_stage WHERE run_stage.run = run.seq AND outcome = 'hit') AS hits,
  (SELECT count(*) FROM run_stage JOIN execution_end USING (execution)
    WHERE run_stage.run = run.seq AND ending = 'done') AS done,
  (SELECT count(*) FROM run_stage LEFT JOIN execution_end USING (execution)
    WHERE run_stage.run = run.seq AND (outcome = 'blocked' OR ending = 'failed')) AS failed,
  run.parent, journal.body ->> '$.parent.stage' AS parent_stage,
  journal.body ->> '$.parent.step' AS parent_step,
  journal.body -> '$.overrides' AS overrides,
  journal.body ->> '$.locked' AS locked,
  journal.body ->> '$.environment' AS environment,
  journal.body ->> '$.code' AS code,
  run.started AS started_us, run_end.ended AS ended_us
FROM run JOIN journal USING (seq) LEFT JOIN run_end ON run_end.run = run.seq;

CREATE VIEW stage_executions AS
SELECT execution.digest AS execution, run.digest AS run, execution.stage, recipe.op,
  recipe.digest AS recipe, coalesce(execution_end.ending, 'running') AS status,
  strftime('%Y-%m-%dT%H:%M:%fZ', execution.started / 1e6, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%fZ', execution_end.ended / 1e6, 'unixepoch') AS ended,
  (execution_end.ended - execution.started) / 1e6 AS seconds,
  result.digest AS result, execution.purpose, run.experiment, run.number,
  beginning.body ->> '$.threads' AS threads,
  beginning.body ->> '$.inProcess' AS in_process,
  beginning.body ->> '$.resumedFrom' AS resumed_from,
  finish.body ->> '$.error' AS error,
  finish.body ->> '$.userSeconds' AS user_seconds,
  finish.body ->> '$.systemSeconds' AS system_seconds,
  finish.body ->> '$.peakMemory' AS peak_memory,
  beginning.body ->> '$.environment' AS environment,
  beginning.body ->> '$.code' AS code,
  execution.started AS started_us, execution_end.ended AS ended_us
FROM execution JOIN recipe ON recipe.seq = execution.recipe
  JOIN journal AS beginning ON beginning.seq = execution.seq
  LEFT JOIN run ON run.seq = execution.run
  LEFT JOIN execution_end ON execution_end.execution = execution.seq
  LEFT JOIN journal AS finish ON finish.seq = execution_end.seq
  LEFT JOIN result ON result.seq = execution_end.result;

CREATE VIEW run_stages AS
SELECT run.number, run.digest AS run, run.experiment, run_stage.position, run_stage.stage,
  run_stage.op, run_stage.outcome, run_stage.recipe, execution.digest AS execution,
  CASE WHEN run_stage.execution IS NULL THEN run_stage.outcome
    ELSE coalesce(execution_end.ending, 'running') END AS status,
  result.digest AS result, (execution_end.ended - execution.started) / 1e6 AS seconds,
  journal.body -> '$.inputs' AS wiring
FROM run_stage JOIN run ON run.seq = run_stage.run JOIN journal ON journal.seq = run_stage.seq
  LEFT JOIN execution ON execution.seq = run_stage.execution
  LEFT JOIN execution_end ON execution_end.execution = run_stage.execution
  LEFT JOIN result ON result.seq = execution_end.result;

CREATE VIEW run_scores AS
SELECT run.number, run.digest AS run, run.experiment, run.profile, run_stage.position,
  run_stage.stage, score.name AS score,
  CASE WHEN score.bits = -9223372036854775808 THEN -0.0 ELSE score.value END AS value,
  score.standard_error, score.count, score.higher_is_better, score.bits,
  run_stage.recipe, execution.digest AS execution
FROM run_stage JOIN run ON run.seq = run_stage.run
  JOIN execution ON execution.seq = run_stage.execution
  JOIN execution_end ON execution_end.execution = run_stage.execution
  JOIN score ON score.result = execution_end.result;

CREATE VIEW parameters AS
SELECT recipe.digest AS recipe, recipe.op, substr(leaf.fullkey, length('$.parameters.') + 1) AS path,
  leaf.type, leaf.value
FROM recipe JOIN journal USING (seq), json_tree(journal.body, '$.parameters') AS leaf
WHERE leaf.type NOT IN ('object', 'array') OR (leaf.value IN ('{}', '[]') AND leaf.key IS NOT NULL
  AND leaf.fullkey <> '$.parameters');

CREATE VIEW run_parameters AS
SELECT run.number, run.digest AS run, run.experiment, run_stage.stage, parameters.op,
  parameters.path, parameters.type, parameters.value, parameters.recipe
FROM run_stage JOIN run ON run.seq = run_stage.run
  JOIN parameters ON parameters.recipe = run_stage.recipe;

CREATE VIEW metrics AS
SELECT execution.digest AS execution, run.digest AS run, execution.stage, series.name AS series,
  point.step,
  CASE WHEN point.bits = -9223372036854775808 THEN -0.0 ELSE point.value END AS value,
  point.bits, point.id AS ordinal
FROM batch JOIN point ON point.id BETWEEN batch.first AND batch.first + batch.count - 1
  JOIN series ON series.id = point.series
  JOIN execution ON execution.seq = batch.execution
  LEFT JOIN run ON run.seq = execution.run;

CREATE VIEW outputs AS
SELECT output.artifact, output.kind, output.port, execution.digest AS execution,
  recipe.digest AS recipe, result.digest AS result, run.digest AS run, execution.stage, recipe.op
FROM output JOIN result ON result.seq = output.result
  JOIN execution_end ON execution_end.result = output.result
  JOIN execution ON execution.seq = execution_end.execution
  JOIN recipe ON recipe.seq = execution.recipe
  LEFT JOIN run ON run.seq = execution.run;

CREATE VIEW inputs AS
SELECT input.artifact, input.kind, input.port, input.position, recipe.digest AS recipe, recipe.op
FROM input JOIN recipe ON recipe.seq = input.recipe;

-- One row per recipe and result, for recipes that gave more than one: nondeterminism. `used` marks
-- the result that hits are answered with: the first that was recorded.
CREATE VIEW findings AS
SELECT recipe.digest AS recipe, recipe.op, min(execution.stage) AS stage, result.digest AS result,
  count(*) AS executions, min(execution_end.seq) AS first_seq,
  min(execution_end.seq) = (SELECT min(other_end.seq) FROM execution AS other
    JOIN execution_end AS other_end ON other_end.execution = other.seq
    WHERE other.recipe = execution.recipe AND other_end.result IS NOT NULL) AS used
FROM execution JOIN execution_end ON execution_end.execution = execution.seq
  JOIN result ON result.seq = execution_end.result
  JOIN recipe ON recipe.seq = execution.recipe
WHERE EXISTS (SELECT 1 FROM execution AS other
  JOIN execution_end AS other_end ON other_end.execution = other.seq
  WHERE other.recipe = execution.recipe AND other_end.result <> execution_end.result)
GROUP BY execution.recipe, execution_end.result;

CREATE VIEW tag_history AS
SELECT name, kind, subject, strftime('%Y-%m-%dT%H:%M:%fZ', time / 1e6, 'unixepoch') AS time, seq
FROM tag;

CREATE VIEW tags AS
SELECT name, kind, subject, time, seq FROM tag_history AS newest
WHERE subject IS NOT NULL AND seq = (SELECT max(seq) FROM tag WHERE tag.name = newest.name);

CREATE VIEW notes AS
SELECT kind, subject, text, strftime('%Y-%m-%dT%H:%M:%fZ', time / 1e6, 'unixepoch') AS time, seq
FROM note;
