-- For searches: resources by a tag, and the columns that Studio's lists are sorted by.
CREATE INDEX tags_by_value ON tags (key, value, resource);
CREATE INDEX jobs_by_change ON jobs (modified_at, name);
CREATE INDEX pipelines_by_change ON pipelines (modified_at, name);
