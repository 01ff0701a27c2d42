//! SageMaker: training jobs, pipelines and their executions, tags, searches, and what Studio says of itself.

mod executions;
mod pipeline_versions;
mod pipelines;
mod search;
mod steps;
mod studio;
mod tags;
mod training_jobs;

use super::json::{Answer, Codes, not_implemented};
use crate::app::App;

/// SageMaker's error codes. Its clients test for `ResourceNotFound`, `ResourceInUse` and `ValidationException`.
const CODES: Codes = Codes {
    not_found: "ResourceNotFound",
    exists: "ResourceInUse",
    conflict: "ValidationException",
    invalid: "ValidationException",
    limit: "ResourceLimitExceeded",
};

/// Answers one operation.
pub(super) async fn call(app: &App, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "CreateTrainingJob" => training_jobs::create(app, body).await,
        "DescribeTrainingJob" => training_jobs::describe(app, body).await,
        "ListTrainingJobs" => training_jobs::list(app, body).await,
        "StopTrainingJob" => training_jobs::stop(app, body).await,
        "CreatePipeline" => pipelines::create(app, body).await,
        "UpdatePipeline" => pipelines::update(app, body).await,
        "DescribePipeline" => pipelines::describe(app, body).await,
        "ListPipelines" => pipelines::list(app, body).await,
        "DeletePipeline" => pipelines::delete(app, body).await,
        "StartPipelineExecution" => executions::start(app, body).await,
        "StopPipelineExecution" => executions::stop(app, body).await,
        "RetryPipelineExecution" => executions::retry(app, body).await,
        "UpdatePipelineExecution" => executions::update(app, body).await,
        "ListPipelineVersions" => pipeline_versions::list(app, body).await,
        "UpdatePipelineVersion" => pipeline_versions::update(app, body).await,
        "DescribePipelineExecution" => executions::describe(app, body).await,
        "DescribePipelineDefinitionForExecution" => {
            executions::describe_definition(app, body).await
        }
        "ListPipelineExecutions" => executions::list(app, body).await,
        "ListPipelineExecutionSteps" => steps::list(app, body).await,
        "ListPipelineParametersForExecution" => steps::parameters(app, body).await,
        "Search" => search::search(app, body).await,
        "DescribeDomain" => studio::domain(app, body).await,
        "DescribeUserProfile" => studio::user_profile(app, body).await,
        "DescribeSpace" => studio::space(app, body).await,
        "DescribeApp" => studio::app(app, body).await,
        "DescribeImage" => studio::image(app, body).await,
        "DescribeImageVersion" => studio::image_version(app, body).await,
        "DescribeAppImageConfig" => studio::app_image_config(app, body).await,
        "DescribeStudioLifecycleConfig" => studio::lifecycle_config(app, body).await,
        "AddTags" => tags::add(app, body).await,
        "DeleteTags" => tags::delete(app, body).await,
        "ListTags" => tags::list(app, body).await,
        other => Err(not_implemented("SageMaker", other)),
    }
}
