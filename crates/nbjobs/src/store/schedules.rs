//! Schedules.

use super::{Store, Tx, instant, micros};
use crate::model::rule::RuleState;
use crate::model::scheduled::{ActionAfterCompletion, Schedule, ScheduleSettings};
use anyhow::Context;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

fn schedule(row: &SqliteRow) -> anyhow::Result<Schedule> {
    let word = |column: &str| -> anyhow::Result<String> { Ok(row.try_get(column)?) };
    let optional = |column: &str| -> anyhow::Result<Option<Timestamp>> {
        row.try_get::<Option<i64>, _>(column)?
            .map(instant)
            .transpose()
    };
    let (state, action) = (word("state")?, word("action_after_completion")?);
    let window: Option<i64> = row.try_get("window_minutes")?;
    let settings = ScheduleSettings {
        schedule_expression: word("schedule_expression")?,
        timezone: word("timezone")?,
        state: RuleState::parse(&state).with_context(|| format!("unknown state {state}"))?,
        description: row.try_get("description")?,
        starts_at: optional("starts_at")?,
        ends_at: optional("ends_at")?,
        window_minutes: window.map(u32::try_from).transpose()?,
        target: serde_json::from_str(row.try_get("target")?).context("a target cannot be read")?,
        action_after_completion: ActionAfterCompletion::parse(&action)
            .with_context(|| format!("unknown action {action}"))?,
    };
    Ok(Schedule {
        name: word("name")?,
        settings,
        created_at: instant(row.try_get("created_at")?)?,
        modified_at: instant(row.try_get("modified_at")?)?,
        next_due: optional("next_due")?,
    })
}

impl Store {
    /// One schedule.
    pub async fn schedule(&self, name: &str) -> anyhow::Result<Option<Schedule>> {
        let row = sqlx::query(
            "-- schedule
            SELECT * FROM schedules WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(schedule).transpose()
    }

    /// At most `limit` schedules by name, behind the name `after`, whose names begin with `prefix`, in this state.
    pub async fn schedules(
        &self,
        prefix: &str,
        state: Option<RuleState>,
        after: Option<&str>,
        limit: u32,
    ) -> anyhow::Result<Vec<Schedule>> {
        sqlx::query(
            "-- schedules
            SELECT * FROM schedules WHERE substr(name, 1, length($1)) = $1 AND name > $2
                AND ($3 IS NULL OR state = $3) ORDER BY name LIMIT $4",
        )
        .bind(prefix)
        .bind(after.unwrap_or_default())
        .bind(state.map(RuleState::as_str))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(schedule)
        .collect()
    }

    /// The names of schedules that are to fire, those that have waited longest first.
    pub async fn due_schedules(&self, now: Timestamp) -> anyhow::Result<Vec<String>> {
        let names = sqlx::query_scalar(
            "-- due_schedules
            SELECT name FROM schedules WHERE fires_at <= $1 ORDER BY fires_at, name",
        )
        .bind(micros(now));
        Ok(names.fetch_all(&self.readers).await?)
    }

    /// When the next schedule fires.
    pub async fn next_schedule(&self) -> anyhow::Result<Option<Timestamp>> {
        let at: Option<i64> = sqlx::query_scalar(
            "-- next_schedule
            SELECT MIN(fires_at) FROM schedules WHERE fires_at IS NOT NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        at.map(instant).transpose()
    }
}

impl Tx {
    /// One schedule, and the token of the request that created it.
    pub async fn schedule(&mut self, name: &str) -> anyhow::Result<Option<(Schedule, String)>> {
        let row = sqlx::query(
            "-- schedule_in_tx
            SELECT * FROM schedules WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await?;
        row.map(|row| Ok((schedule(&row)?, row.try_get("token")?)))
            .transpose()
    }

    /// How many schedules there are.
    pub async fn count_schedules(&mut self) -> anyhow::Result<i64> {
        let count = sqlx::query_scalar(
            "-- count_schedules
            SELECT COUNT(*) FROM schedules",
        );
        Ok(count.fetch_one(self.conn()).await?)
    }

    /// Adds a schedule, or replaces all of it but its token. `fires_at` is when its next due moment fires.
    pub async fn put_schedule(
        &mut self,
        schedule: &Schedule,
        fires_at: Option<Timestamp>,
        token: &str,
    ) -> anyhow::Result<()> {
        let settings = &schedule.settings;
        sqlx::query(
            "-- put_schedule
            INSERT INTO schedules (name, schedule_expression, timezone, state, description, starts_at, ends_at,
                window_minutes, target, action_after_completion, token, created_at, modified_at, next_due, fires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (name) DO UPDATE SET schedule_expression = excluded.schedule_expression,
                timezone = excluded.timezone, state = excluded.state, description = excluded.description,
                starts_at = excluded.starts_at, ends_at = excluded.ends_at,
                window_minutes = excluded.window_minutes, target = excluded.target,
                action_after_completion = excluded.action_after_completion, modified_at = excluded.modified_at,
                next_due = excluded.next_due, fires_at = excluded.fires_at",
        )
        .bind(&schedule.name)
        .bind(&settings.schedule_expression)
        .bind(&settings.timezone)
        .bind(settings.state.as_str())
        .bind(&settings.description)
        .bind(settings.starts_at.map(micros))
        .bind(settings.ends_at.map(micros))
        .bind(settings.window_minutes.map(i64::from))
        .bind(serde_json::to_string(&settings.target)?)
        .bind(settings.action_after_completion.as_str())
        .bind(token)
        .bind(micros(schedule.created_at))
        .bind(micros(schedule.modified_at))
        .bind(schedule.next_due.map(micros))
        .bind(fires_at.map(micros))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Sets the next due moment of a schedule, and when it fires.
    pub async fn set_schedule_due(
        &mut self,
        name: &str,
        next_due: Option<Timestamp>,
        fires_at: Option<Timestamp>,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- set_schedule_due
            UPDATE schedules SET next_due = $2, fires_at = $3 WHERE name = $1",
        )
        .bind(name)
        .bind(next_due.map(micros))
        .bind(fires_at.map(micros))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Removes a schedule; `false` if there is none of that name.
    pub async fn delete_schedule(&mut self, name: &str) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- delete_schedule
            DELETE FROM schedules WHERE name = $1",
        )
        .bind(name)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
