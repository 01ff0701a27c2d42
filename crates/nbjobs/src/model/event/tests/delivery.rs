//! How long a delivery is tried.

use super::super::{Delivery, DeliveryKey, Failure, Next};
use crate::model::rule::Target;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

fn delivery(policy: Value, attempts: u32) -> Delivery {
    let mut target = json!({"Id": "t", "Arn": "a"});
    if !policy.is_null() {
        target["RetryPolicy"] = policy;
    }
    let target: Target = serde_json::from_value(target).expect("a target");
    let key = DeliveryKey {
        event: "e".into(),
        rule: "r".into(),
        target: "t".into(),
    };
    let accepted_at = Timestamp::UNIX_EPOCH;
    Delivery {
        key,
        target,
        envelope: json!({}),
        accepted_at,
        attempts,
    }
}

fn failure(may_pass: bool, retry_after_s: i64) -> Failure {
    let retry_after = (retry_after_s > 0).then(|| SignedDuration::from_secs(retry_after_s));
    Failure {
        code: "SDK_CLIENT_ERROR",
        message: "m".into(),
        may_pass,
        retry_after,
    }
}

#[test]
fn a_delivery_is_given_up_when_its_policy_says_so() {
    let now = Timestamp::UNIX_EPOCH;
    let after = |policy: Value, attempts: u32, failure: Failure| {
        delivery(policy, attempts).after(&failure, now)
    };
    assert_eq!(after(json!(null), 1, failure(false, 0)), Next::GiveUp(None));
    let retries = Next::GiveUp(Some("MaximumRetryAttempts"));
    assert_eq!(
        after(json!({"MaximumRetryAttempts": 0}), 1, failure(true, 0)),
        retries
    );
    assert!(matches!(
        after(json!({"MaximumRetryAttempts": 1}), 1, failure(true, 0)),
        Next::Retry(_)
    ));
    assert_eq!(
        after(json!({"MaximumRetryAttempts": 1}), 2, failure(true, 0)),
        retries
    );
    assert!(matches!(
        after(json!(null), 185, failure(true, 0)),
        Next::Retry(_)
    ));
    assert_eq!(after(json!(null), 186, failure(true, 0)), retries);
    let age = Next::GiveUp(Some("MaximumEventAgeInSeconds"));
    assert_eq!(
        after(
            json!({"MaximumEventAgeInSeconds": 60}),
            1,
            failure(true, 60)
        ),
        age
    );
    let asked = after(json!(null), 1, failure(true, 60));
    assert_eq!(asked, Next::Retry(now + SignedDuration::from_secs(60)));
}

proptest! {
    #[test]
    fn pauses_double_and_end_at_a_quarter_of_an_hour(attempts in 1..150_u32) {
        let now = Timestamp::UNIX_EPOCH;
        let Next::Retry(at) = delivery(json!(null), attempts).after(&failure(true, 0), now) else {
            return Err(TestCaseError::fail("it is tried again"));
        };
        let whole = (1_i64 << (attempts - 1).min(16)).min(900) * 1000;
        let pause = at.as_millisecond();
        prop_assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
    }
}
