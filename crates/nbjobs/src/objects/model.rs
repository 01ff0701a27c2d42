//! The store against a map in memory, under random operations.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream;
use proptest::prelude::*;

use super::conformance::{at, store};
use super::error::Error;
use super::list::{Entry, ListRequest};
use super::record::{Condition, Metadata};

#[derive(Debug, Clone)]
enum Operation {
    Put(String, Vec<u8>),
    Delete(String),
    Get(String),
    Copy(String, String),
    List(ListRequest),
}

/// Few different keys, so that they meet, in all the shapes that are hard to store.
fn key() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", "ab", "A", "", ".", "..", "-", "a0", "\0", "\u{e9}",
    ]);
    let long = prop::sample::select(vec![79usize, 80, 81, 160]).prop_map(|n| "a".repeat(n));
    let pieces = prop::collection::vec(
        prop_oneof![4 => piece.prop_map(str::to_owned), 1 => long],
        1..4,
    );
    pieces
        .prop_map(|pieces| pieces.join("/"))
        .prop_filter("a key is not empty", |key| !key.is_empty())
}

fn list() -> impl Strategy<Value = ListRequest> {
    let delimiter = prop::sample::select(vec![None, Some("/"), Some("a"), Some("//"), Some("")]);
    let maybe_key = prop_oneof![Just(String::new()), key()];
    (maybe_key.clone(), delimiter, maybe_key, 1usize..6).prop_map(
        |(prefix, delimiter, after, max)| ListRequest {
            prefix,
            delimiter: delimiter.map(str::to_owned),
            after,
            max,
        },
    )
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (key(), any::<Vec<u8>>()).prop_map(|(key, body)| Operation::Put(key, body)),
        2 => key().prop_map(Operation::Delete),
        1 => key().prop_map(Operation::Get),
        1 => (key(), key()).prop_map(|(from, to)| Operation::Copy(from, to)),
        3 => list().prop_map(Operation::List),
    ]
}

/// What a listing is, said in the plainest way.
fn listed(
    model: &BTreeMap<String, Vec<u8>>,
    request: &ListRequest,
) -> (Vec<String>, Option<String>) {
    let delimiter = request
        .delimiter
        .as_deref()
        .filter(|delimiter| !delimiter.is_empty());
    let shown = |key: &str| {
        let rest = key.strip_prefix(&request.prefix)?;
        let end = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        Some(end.map_or_else(
            || key.to_owned(),
            |end| key[..request.prefix.len() + end].to_owned(),
        ))
    };
    let told = shown(&request.after).filter(|name| *name == request.after && delimiter.is_some());
    let told = told.filter(|name| {
        name.ends_with(delimiter.unwrap_or_default()) && name.len() > request.prefix.len()
    });
    let mut names: Vec<String> = model
        .keys()
        .filter(|key| {
            **key > request.after && !told.as_ref().is_some_and(|told| key.starts_with(told))
        })
        .filter_map(|key| shown(key))
        .collect();
    names.dedup();
    let next = (names.len() > request.max).then(|| names[request.max - 1].clone());
    names.truncate(request.max);
    (names, next)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_sorted_map(operations in prop::collection::vec(operation(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_folder, objects) = store().await;
            let mut model: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            for operation in operations {
                match operation {
                    Operation::Put(key, body) => {
                        let stream = stream::iter([Ok(Bytes::from(body.clone()))]);
                        let info = objects.put("bucket", &key, stream, Metadata::default(), at(2)).await.unwrap();
                        prop_assert_eq!(info.size, body.len() as u64);
                        model.insert(key, body);
                    }
                    Operation::Delete(key) => {
                        objects.delete("bucket", &key, Condition::Always).await.unwrap();
                        model.remove(&key);
                    }
                    Operation::Get(key) => match objects.get("bucket", &key).await {
                        Ok(object) => prop_assert_eq!(Some(&object.bytes(1000).await.unwrap().to_vec()), model.get(&key)),
                        Err(Error::NoSuchKey(_)) => prop_assert!(!model.contains_key(&key)),
                        Err(error) => panic!("{error}"),
                    },
                    Operation::Copy(from, to) => {
                        let source = objects.get("bucket", &from).await;
                        prop_assert_eq!(source.is_ok(), model.contains_key(&from));
                        if let Ok(source) = source {
                            objects.copy(&source, ("bucket", &to), None, Condition::Always, at(3)).await.unwrap();
                        }
                        if let Some(body) = model.get(&from).cloned() {
                            model.insert(to, body);
                        }
                    }
                    Operation::List(request) => {
                        let listing = objects.list("bucket", request.clone()).await.unwrap();
                        let names: Vec<String> = listing.entries.iter().map(|entry| entry.name().to_owned()).collect();
                        prop_assert_eq!((names, listing.next), listed(&model, &request), "{:?}", request);
                        for entry in &listing.entries {
                            if let Entry::Object(key, info) = entry {
                                prop_assert_eq!(info.size, model[key].len() as u64);
                            }
                        }
                    }
                }
            }
            Ok(())
        })?;
    }
}
