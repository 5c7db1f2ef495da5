-- Version 2: runs that are alike but for their seeds (`exp run --replicates`). The record of such a run says of which
-- run it is a replicate, and which, from 1; the run itself is number 0 and says nothing.

DROP VIEW runs;

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
  run.started AS started_us, run_end.ended AS ended_us,
  journal.body ->> '$.replicate.run' AS replicate_of,
  journal.body ->> '$.replicate.number' AS replicate
FROM run JOIN journal USING (seq) LEFT JOIN run_end ON run_end.run = run.seq;
