"""Which client makes which call, from recordings of the real ones: the `aws` CLI in the tour, AWS's JupyterLab extension
(with Studio's domain, space and profile: Studio), the SageMaker SDK (version 2 or 3)."""

_TOUR = "aws CLI tour"
_EXTENSION = "extension"
_STUDIO = "extension (Studio)"
_SDK = "SDK v2, v3"
_SDK3 = "SDK v3"

# By botocore's name of the service.
USERS = {
    "sagemaker": {
        "CreateTrainingJob": [_EXTENSION],
        "DescribeTrainingJob": [_TOUR, _EXTENSION, _SDK],
        "ListTrainingJobs": [_TOUR],
        "StopTrainingJob": [_EXTENSION],
        "Search": [_EXTENSION],
        "ListTags": [_EXTENSION, _SDK],
        "AddTags": [_EXTENSION, _SDK],
        "CreatePipeline": [_EXTENSION, _SDK],
        "UpdatePipeline": [_SDK],
        "DescribePipeline": [_TOUR, _EXTENSION, _SDK],
        "ListPipelines": [_TOUR],
        "DeletePipeline": [_EXTENSION, _SDK],
        "StartPipelineExecution": [_TOUR, _SDK],
        "ListPipelineExecutions": [_TOUR, _SDK],
        "DescribePipelineExecution": [_TOUR, _SDK],
        "ListPipelineExecutionSteps": [_TOUR, _SDK],
        "StopPipelineExecution": [_SDK],
        "ListPipelineParametersForExecution": [_SDK],
        "ListPipelineVersions": [_SDK],
        "DescribeDomain": [_STUDIO],
        "DescribeUserProfile": [_STUDIO],
        "DescribeSpace": [_STUDIO],
        "DescribeApp": [_STUDIO],
        "DescribeImage": [_STUDIO],
        "DescribeImageVersion": [_STUDIO],
        "DescribeAppImageConfig": [_STUDIO],
        "DescribeStudioLifecycleConfig": [_STUDIO],
    },
    "events": {
        "PutRule": [_EXTENSION],
        "PutTargets": [_EXTENSION],
        "DescribeRule": [_EXTENSION],
        "EnableRule": [_EXTENSION],
        "DisableRule": [_EXTENSION],
        "RemoveTargets": [_EXTENSION],
        "DeleteRule": [_EXTENSION],
        "ListRules": [_TOUR],
        "ListTargetsByRule": [_TOUR],
    },
    "scheduler": dict.fromkeys(["CreateSchedule", "UpdateSchedule", "GetSchedule", "DeleteSchedule"], [_SDK]),
    "ssm": {"GetParameter": ["notebooks of the tour"]},
    "logs": {"DescribeLogStreams": [_TOUR], "GetLogEvents": [_TOUR], "FilterLogEvents": [_TOUR]},
    "sts": {"GetCallerIdentity": [_SDK]},
    "iam": {"ListRoles": [_EXTENSION], "GetRole": [_SDK3]},
    "ec2": dict.fromkeys(["DescribeSubnets", "DescribeRouteTables", "DescribeSecurityGroups"], [_STUDIO]),
    "s3": {
        "ListBuckets": [_TOUR, _SDK],
        "HeadBucket": [_EXTENSION, _SDK],
        "CreateBucket": [_EXTENSION, _SDK],
        "PutBucketEncryption": [_EXTENSION],
        "PutBucketVersioning": [_EXTENSION],
        "GetBucketEncryption": [_EXTENSION],
        "GetBucketLocation": [_EXTENSION],
        "PutObject": [_TOUR, _EXTENSION, _SDK],
        "GetObject": [_TOUR, _EXTENSION, _SDK],
        "HeadObject": [_TOUR],
        "ListObjectsV2": [_TOUR, _EXTENSION, _SDK],
        "DeleteObject": [_EXTENSION],
        "CreateMultipartUpload": [_TOUR, _SDK],
        "UploadPart": [_TOUR, _SDK],
        "CompleteMultipartUpload": [_TOUR, _SDK],
        "AbortMultipartUpload": [_TOUR, _SDK],
    },
}
