-- A ClientRequestToken names one start, whatever pipeline the second asks for.
CREATE INDEX executions_by_token ON executions (token) WHERE token IS NOT NULL;
