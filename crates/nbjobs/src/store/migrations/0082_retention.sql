-- Objects of jobs whose rows retention has deleted: what stands here is still to be deleted, and the job's name is taken.
CREATE TABLE deletions (
    job TEXT NOT NULL,
    bucket TEXT NOT NULL,
    prefix TEXT NOT NULL,
    PRIMARY KEY (job, bucket, prefix)
);
CREATE INDEX jobs_by_input ON jobs (json_extract(spec, '$.InputDataConfig[0].DataSource.S3DataSource.S3Uri'));
CREATE INDEX jobs_ended_alone ON jobs (ended_at) WHERE execution IS NULL AND ended_at IS NOT NULL;
CREATE INDEX tags_keep_for ON tags (resource, value) WHERE key = 'nbjobs:keep-for';
CREATE INDEX steps_of_job ON steps (job);
