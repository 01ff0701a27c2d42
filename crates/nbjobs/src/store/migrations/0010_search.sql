-- For searches: resources by a tag, and the columns that Studio's lists are sorted by.
CREATE INDEX tags_by_value ON tags (key, value, resource);
CREATE INDEX jobs_by_change ON jobs (modified_at, name);
CREATE INDEX pipelines_by_change ON pipelines (modified_at, name);
CREATE INDEX jobs_by_status ON jobs (CASE status WHEN 'Queued' THEN 'InProgress' ELSE status END, name);
CREATE INDEX jobs_by_notebook ON jobs (COALESCE(json_extract(spec, '$."Environment"."SM_INPUT_NOTEBOOK_NAME"'), ''), name);
