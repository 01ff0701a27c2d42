//! Parts of S3's requests that we have not: they are refused by name, not ignored. Must not know what they would do.

use s3s::dto::{ObjectCannedACL, StorageClass};
use s3s::{S3Result, s3_error};

use super::error::not_implemented;

/// Refuses what a new object can't have here. For the three operations that make one and share these fields.
macro_rules! refuse_unsupported {
    ($input:expr) => {{
        use $crate::api::s3::unsupported;
        let grants = [
            $input.grant_full_control.is_some(),
            $input.grant_read.is_some(),
            $input.grant_read_acp.is_some(),
            $input.grant_write_acp.is_some(),
        ];
        unsupported::check_acl($input.acl.as_ref(), grants.contains(&true))?;
        unsupported::check_storage_class($input.storage_class.as_ref())?;
        unsupported::refuse(
            $input.sse_customer_algorithm.is_some(),
            "Encryption with a customer's key",
        )?;
        unsupported::refuse(
            $input.website_redirect_location.is_some(),
            "A redirect of a website",
        )?;
        let locked =
            $input.object_lock_mode.is_some() || $input.object_lock_legal_hold_status.is_some();
        unsupported::refuse(locked, "Object Lock")?;
    }};
}

pub(super) use refuse_unsupported;

pub(super) fn refuse(given: bool, what: &str) -> S3Result<()> {
    if given {
        Err(not_implemented(what))
    } else {
        Ok(())
    }
}

/// A bucket of ours is like one of S3's with ACLs disabled: these two say what is so anyway.
pub(super) fn check_acl(acl: Option<&ObjectCannedACL>, grants: bool) -> S3Result<()> {
    let acl = acl.map_or("private", ObjectCannedACL::as_str);
    if !grants && matches!(acl, "private" | "bucket-owner-full-control") {
        return Ok(());
    }
    Err(s3_error!(
        AccessControlListNotSupported,
        "The bucket does not allow ACLs"
    ))
}

pub(super) fn check_storage_class(class: Option<&StorageClass>) -> S3Result<()> {
    match class.map(StorageClass::as_str) {
        None | Some(StorageClass::STANDARD) => Ok(()),
        Some(_) => Err(s3_error!(
            InvalidStorageClass,
            "The storage class you specified is not valid; only STANDARD is"
        )),
    }
}

/// There is one version of an object, and its id is `null`.
pub(super) fn check_version(id: Option<&str>) -> S3Result<()> {
    match id {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(
            NoSuchVersion,
            "The specified version does not exist."
        )),
    }
}
