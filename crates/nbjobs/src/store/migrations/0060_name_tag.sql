-- The tag `sagemaker:name`, which Studio's lists show and sort by, beside the row that has it.
ALTER TABLE jobs ADD COLUMN name_tag TEXT NOT NULL DEFAULT '';
UPDATE jobs SET name_tag = COALESCE(
    (SELECT value FROM tags WHERE resource = 'training-job/' || jobs.name AND key = 'sagemaker:name'), '');
CREATE INDEX jobs_by_name_tag ON jobs (name_tag, name);
ALTER TABLE pipelines ADD COLUMN name_tag TEXT NOT NULL DEFAULT '';
UPDATE pipelines SET name_tag = COALESCE(
    (SELECT value FROM tags WHERE resource = 'pipeline/' || pipelines.name AND key = 'sagemaker:name'), '');
CREATE INDEX pipelines_by_name_tag ON pipelines (name_tag, name);
