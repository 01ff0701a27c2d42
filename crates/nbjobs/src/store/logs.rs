//! Log streams and their events, as CloudWatch Logs names them.

use super::{Store, Tx, instant, micros};
use crate::model::log::{LogEvent, LogEventFilter, LogStream};
use futures::TryStreamExt;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

/// The most bytes of messages in one page, as CloudWatch Logs has it: 1 MB.
const PAGE_BYTES_MAX: usize = 1_000_000;

fn stream(row: &SqliteRow) -> anyhow::Result<LogStream> {
    let optional = |column: &str| -> anyhow::Result<Option<Timestamp>> {
        row.try_get::<Option<i64>, _>(column)?
            .map(instant)
            .transpose()
    };
    Ok(LogStream {
        name: row.try_get("name")?,
        created_at: instant(row.try_get("created_at")?)?,
        first_event_at: optional("first_event_at")?,
        last_event_at: optional("last_event_at")?,
        last_ingested_at: optional("last_ingested_at")?,
    })
}

fn event(row: &SqliteRow) -> anyhow::Result<LogEvent> {
    Ok(LogEvent {
        id: row.try_get("id")?,
        stream: row.try_get("stream")?,
        at: instant(row.try_get("at")?)?,
        ingested_at: instant(row.try_get("ingested_at")?)?,
        message: row.try_get("message")?,
    })
}

impl Store {
    /// Streams of a group whose names begin with `prefix`: by name, or by last event when `by_time`.
    pub async fn log_streams(
        &self,
        group: &str,
        prefix: &str,
        by_time: bool,
        descending: bool,
        offset: u32,
        limit: u32,
    ) -> anyhow::Result<Vec<LogStream>> {
        let column = if by_time {
            "coalesce(last_event_at, created_at)"
        } else {
            "name"
        };
        let direction = if descending { "DESC" } else { "ASC" };
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- log_streams
            SELECT * FROM log_streams WHERE log_group = ",
        );
        query
            .push_bind(group)
            .push(" AND substr(name, 1, length(")
            .push_bind(prefix);
        query.push(")) = ").push_bind(prefix);
        query.push(format!(
            " ORDER BY {column} {direction}, name {direction} LIMIT "
        ));
        query
            .push_bind(i64::from(limit))
            .push(" OFFSET ")
            .push_bind(i64::from(offset));
        query
            .build()
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(stream)
            .collect()
    }

    /// The next events of a group, oldest first, or newest first when `descending`: at most `limit`, and no more than
    /// [`PAGE_BYTES_MAX`] of messages; and whether there are more.
    pub async fn log_events(
        &self,
        group: &str,
        filter: &LogEventFilter,
        descending: bool,
        limit: u32,
    ) -> anyhow::Result<(Vec<LogEvent>, bool)> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- log_events
            SELECT * FROM log_events WHERE log_group = ",
        );
        query.push_bind(group);
        if !filter.streams.is_empty() {
            query.push(" AND stream IN (");
            let mut list = query.separated(", ");
            for stream in &filter.streams {
                list.push_bind(stream);
            }
            query.push(")");
        }
        if let Some(prefix) = &filter.stream_prefix {
            query
                .push(" AND substr(stream, 1, length(")
                .push_bind(prefix);
            query.push(")) = ").push_bind(prefix);
        }
        for text in &filter.contains {
            query
                .push(" AND instr(message, ")
                .push_bind(text)
                .push(") > 0");
        }
        for (condition, value) in [
            (" AND at >= ", filter.from.map(micros)),
            (" AND at < ", filter.until.map(micros)),
            (" AND id > ", filter.after_id),
            (" AND id < ", filter.before_id),
        ] {
            if let Some(value) = value {
                query.push(condition).push_bind(value);
            }
        }
        query.push(if descending {
            " ORDER BY id DESC LIMIT "
        } else {
            " ORDER BY id LIMIT "
        });
        query.push_bind(i64::from(limit) + 1);
        let mut rows = query.build().fetch(&self.readers);
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            let event = event(&row)?;
            bytes += event.message.len();
            if events.len() == limit as usize || (bytes > PAGE_BYTES_MAX && !events.is_empty()) {
                return Ok((events, true));
            }
            events.push(event);
        }
        Ok((events, false))
    }
}

impl Tx {
    /// Makes a stream; it may be there already.
    pub async fn create_log_stream(
        &mut self,
        group: &str,
        name: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- create_log_stream
            INSERT INTO log_streams (log_group, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(group)
        .bind(name)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Appends lines to a stream.
    pub async fn append_log(
        &mut self,
        group: &str,
        name: &str,
        lines: &[String],
        now: Timestamp,
    ) -> anyhow::Result<()> {
        for line in lines {
            sqlx::query(
                "-- append_log
                INSERT INTO log_events (log_group, stream, at, ingested_at, message) VALUES ($1, $2, $3, $3, $4)",
            )
            .bind(group)
            .bind(name)
            .bind(micros(now))
            .bind(line)
            .execute(self.conn())
            .await?;
        }
        sqlx::query(
            "-- append_log_stream
            UPDATE log_streams SET first_event_at = coalesce(first_event_at, $3), last_event_at = $3, last_ingested_at = $3
            WHERE log_group = $1 AND name = $2",
        )
        .bind(group)
        .bind(name)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_of_long_messages_is_short() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(&dir.path().join("db")).await.expect("a store");
        let now = Timestamp::UNIX_EPOCH;
        let mut tx = store.tx().await.expect("a transaction");
        let lines = ["x", "y", "z"].map(|c| c.repeat(PAGE_BYTES_MAX / 2));
        tx.append_log("g", "s", &lines, now).await.expect("lines");
        let long = "l".repeat(PAGE_BYTES_MAX + 1);
        tx.append_log("g", "s", &[long], now).await.expect("a line");
        tx.commit().await.expect("a commit");
        let mut filter = LogEventFilter::default();
        let mut pages = Vec::new();
        loop {
            let (events, more) = store
                .log_events("g", &filter, false, 10)
                .await
                .expect("events");
            filter.after_id = events.last().map(|event| event.id);
            pages.push(events.len());
            if !more {
                break;
            }
        }
        assert_eq!(pages, [2, 1, 1]);
    }
}
