//! S3 through the real AWS CLI, boto3, and by hand where they can't be made to err.

mod big;
mod boto3;
mod cli;
mod crash;
mod signatures;
