//! The outbox: what happened, until rules have been asked whether they are for it; and what became of it at each target.

use super::{Store, Tx, instant, micros};
use crate::model::event::{Change, Delivery, DeliveryKey, DeliveryStatus};
use crate::model::rule::{Rule, Target};
use anyhow::Context;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// An event that no rule has been asked about yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmatched {
    /// The event's id.
    pub id: String,
    /// What happened.
    pub change: Change,
    /// When.
    pub accepted_at: Timestamp,
}

fn unmatched(row: &SqliteRow) -> anyhow::Result<Unmatched> {
    Ok(Unmatched {
        id: row.try_get("id")?,
        change: serde_json::from_str(row.try_get("change")?).context("a change cannot be read")?,
        accepted_at: instant(row.try_get("accepted_at")?)?,
    })
}

fn delivery(row: &SqliteRow) -> anyhow::Result<Delivery> {
    let target: Target =
        serde_json::from_str(row.try_get("document")?).context("a target cannot be read")?;
    Ok(Delivery {
        key: DeliveryKey {
            event: row.try_get("event")?,
            rule: row.try_get("rule")?,
            target: row.try_get("target")?,
        },
        target,
        envelope: serde_json::from_str(row.try_get("envelope")?)
            .context("an event cannot be read")?,
        accepted_at: instant(row.try_get("accepted_at")?)?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?)?,
    })
}

impl Store {
    /// Returns when a transaction has written an event or a delivery since the last look.
    pub async fn outbox_changed(&self) {
        self.outbox.notified().await;
    }

    /// The oldest events that no rule has been asked about, `limit` at most.
    pub async fn unmatched_events(&self, limit: u32) -> anyhow::Result<Vec<Unmatched>> {
        sqlx::query(
            "-- unmatched_events
            SELECT * FROM events WHERE change IS NOT NULL ORDER BY number LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(unmatched)
        .collect()
    }

    /// Deliveries that are due at `now`, longest due first, `limit` at most.
    pub async fn due_deliveries(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> anyhow::Result<Vec<Delivery>> {
        sqlx::query(
            "-- due_deliveries
            SELECT deliveries.*, events.envelope, events.accepted_at
            FROM deliveries JOIN events ON events.id = deliveries.event
            WHERE deliveries.due <= $1 ORDER BY deliveries.due, events.number LIMIT $2",
        )
        .bind(micros(now))
        .bind(i64::try_from(limit)?)
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(delivery)
        .collect()
    }

    /// When the next delivery is due, of those after `now`.
    pub async fn next_delivery(&self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar(
            "-- next_delivery
            SELECT MIN(due) FROM deliveries WHERE due > $1",
        )
        .bind(micros(now))
        .fetch_one(&self.readers)
        .await?;
        due.map(instant).transpose()
    }
}

impl Tx {
    /// Writes down that something happened, if there is a rule that could be for it, and answers with the event's id.
    pub async fn emit(&mut self, change: &Change, now: Timestamp) -> anyhow::Result<String> {
        let id = Uuid::new_v4().to_string();
        if !self.is_anybody_listening().await? {
            return Ok(id);
        }
        sqlx::query(
            "-- emit
            INSERT INTO events (id, change, accepted_at) VALUES ($1, $2, $3)",
        )
        .bind(&id)
        .bind(serde_json::to_string(change)?)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        self.wakes_outbox = true;
        Ok(id)
    }

    /// Whether there is an enabled rule with an event pattern.
    pub async fn is_anybody_listening(&mut self) -> anyhow::Result<bool> {
        let row = sqlx::query(
            "-- is_anybody_listening
            SELECT 1 FROM rules WHERE event_pattern IS NOT NULL AND state = 'ENABLED' LIMIT 1",
        );
        Ok(row.fetch_optional(self.conn()).await?.is_some())
    }

    /// All enabled rules with an event pattern.
    pub async fn listening_rules(&mut self) -> anyhow::Result<Vec<Rule>> {
        sqlx::query(
            "-- listening_rules
            SELECT * FROM rules WHERE event_pattern IS NOT NULL AND state = 'ENABLED' ORDER BY name",
        )
        .fetch_all(self.conn())
        .await?
        .iter()
        .map(super::rules::rule)
        .collect()
    }

    /// Adds an event whose deliveries are made in this transaction: that a rule's schedule is due.
    pub async fn insert_event(
        &mut self,
        id: &str,
        envelope: &Value,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_event
            INSERT INTO events (id, envelope, accepted_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(envelope.to_string())
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Writes down that rules have been asked about an event; `false` if that was so already.
    pub async fn match_event(&mut self, id: &str, envelope: &Value) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- match_event
            UPDATE events SET change = NULL, envelope = $2 WHERE id = $1 AND change IS NOT NULL",
        )
        .bind(id)
        .bind(envelope.to_string())
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Removes an event that nobody is told of.
    pub async fn delete_event(&mut self, id: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_event
            DELETE FROM events WHERE id = $1",
        )
        .bind(id)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Adds a delivery, due at once.
    pub async fn insert_delivery(
        &mut self,
        event: &str,
        rule: &str,
        target: &Target,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_delivery
            INSERT INTO deliveries (event, rule, target, document, status, due, decided_at)
            VALUES ($1, $2, $3, $4, 'Pending', $5, $5) ON CONFLICT DO NOTHING",
        )
        .bind(event)
        .bind(rule)
        .bind(&target.id)
        .bind(serde_json::to_string(target)?)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        self.wakes_outbox = true;
        Ok(())
    }

    /// Whether a delivery is still to be made.
    pub async fn is_delivery_pending(&mut self, key: &DeliveryKey) -> anyhow::Result<bool> {
        let row = sqlx::query(
            "-- is_delivery_pending
            SELECT 1 FROM deliveries WHERE event = $1 AND rule = $2 AND target = $3 AND status = 'Pending'",
        )
        .bind(&key.event)
        .bind(&key.rule)
        .bind(&key.target);
        Ok(row.fetch_optional(self.conn()).await?.is_some())
    }

    /// Says what became of the latest try of a delivery. `due` is the next one, for a delivery that is pending.
    pub async fn update_delivery(
        &mut self,
        delivery: &Delivery,
        status: DeliveryStatus,
        due: Option<Timestamp>,
        reason: Option<&str>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let key = &delivery.key;
        sqlx::query(
            "-- update_delivery
            UPDATE deliveries SET status = $4, attempts = $5, due = $6, reason = $7, decided_at = $8
            WHERE event = $1 AND rule = $2 AND target = $3 AND status = 'Pending'",
        )
        .bind(&key.event)
        .bind(&key.rule)
        .bind(&key.target)
        .bind(status.as_str())
        .bind(i64::from(delivery.attempts))
        .bind(due.map(micros))
        .bind(reason)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        self.wakes_outbox = true;
        Ok(())
    }

    /// Forgets events before `before` that nothing is to be done for any more, and their deliveries.
    pub async fn delete_events(&mut self, before: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_events
            DELETE FROM events WHERE accepted_at < $1 AND change IS NULL
                AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = events.id AND status = 'Pending')",
        )
        .bind(micros(before))
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
