"""What the client tests share: the real server, real clients, and botocore's service model as the judge."""
