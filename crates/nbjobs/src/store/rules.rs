//! Rules and their targets.

use super::{Store, Tx, instant, micros};
use crate::model::rule::{Rule, RuleState, Target};
use anyhow::Context;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

fn rule(row: &SqliteRow) -> anyhow::Result<Rule> {
    let state: String = row.try_get("state")?;
    let optional = |column: &str| -> anyhow::Result<Option<Timestamp>> {
        row.try_get::<Option<i64>, _>(column)?
            .map(instant)
            .transpose()
    };
    Ok(Rule {
        name: row.try_get("name")?,
        schedule_expression: row.try_get("schedule_expression")?,
        state: RuleState::parse(&state).with_context(|| format!("unknown state {state}"))?,
        description: row.try_get("description")?,
        role_arn: row.try_get("role_arn")?,
        next_due: optional("next_due")?,
        fires_at: optional("fires_at")?,
        enabled_at: optional("enabled_at")?,
    })
}

fn target(row: &SqliteRow) -> anyhow::Result<Target> {
    serde_json::from_str(row.try_get("document")?).context("a target cannot be read")
}

impl Store {
    /// One rule.
    pub async fn rule(&self, name: &str) -> anyhow::Result<Option<Rule>> {
        let row = sqlx::query(
            "-- rule
            SELECT * FROM rules WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(rule).transpose()
    }

    /// At most `limit` rules by name, behind the name `after`, whose names begin with `prefix`.
    pub async fn rules(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> anyhow::Result<Vec<Rule>> {
        sqlx::query(
            "-- rules
            SELECT * FROM rules WHERE substr(name, 1, length($1)) = $1 AND name > $2 ORDER BY name LIMIT $3",
        )
        .bind(prefix)
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(rule)
        .collect()
    }

    /// The names of rules that are to fire, those that have waited longest first.
    pub async fn due_rules(&self, now: Timestamp) -> anyhow::Result<Vec<String>> {
        let names = sqlx::query_scalar(
            "-- due_rules
            SELECT name FROM rules WHERE fires_at <= $1 ORDER BY fires_at, name",
        )
        .bind(micros(now));
        Ok(names.fetch_all(&self.readers).await?)
    }

    /// When the next rule fires.
    pub async fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        let due: Option<i64> = sqlx::query_scalar(
            "-- next_due
            SELECT MIN(fires_at) FROM rules WHERE fires_at IS NOT NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        due.map(instant).transpose()
    }

    /// At most `limit` targets of a rule by id, behind the id `after`.
    pub async fn targets(
        &self,
        rule: &str,
        after: Option<&str>,
        limit: u32,
    ) -> anyhow::Result<Vec<Target>> {
        sqlx::query(
            "-- targets
            SELECT document FROM targets WHERE rule = $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(rule)
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(target)
        .collect()
    }

    /// At most `limit` names, behind `after`, of the rules that have `arn` as a target.
    pub async fn rules_of_target(
        &self,
        arn: &str,
        after: Option<&str>,
        limit: u32,
    ) -> anyhow::Result<Vec<String>> {
        let names = sqlx::query_scalar(
            "-- rules_of_target
            SELECT DISTINCT rule FROM targets WHERE arn = $1 AND rule > $2 ORDER BY rule LIMIT $3",
        )
        .bind(arn)
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit));
        Ok(names.fetch_all(&self.readers).await?)
    }
}

impl Tx {
    /// One rule.
    pub async fn rule(&mut self, name: &str) -> anyhow::Result<Option<Rule>> {
        let row = sqlx::query(
            "-- rule_in_tx
            SELECT * FROM rules WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref().map(rule).transpose()
    }

    /// How many rules there are.
    pub async fn count_rules(&mut self) -> anyhow::Result<i64> {
        let count = sqlx::query_scalar(
            "-- count_rules
            SELECT COUNT(*) FROM rules",
        );
        Ok(count.fetch_one(self.conn()).await?)
    }

    /// Adds a rule, or replaces all of it but its targets.
    pub async fn put_rule(&mut self, rule: &Rule) -> anyhow::Result<()> {
        sqlx::query(
            "-- put_rule
            INSERT INTO rules (name, schedule_expression, state, description, role_arn, next_due,
                fires_at, enabled_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (name) DO UPDATE SET schedule_expression = excluded.schedule_expression,
                state = excluded.state, description = excluded.description, role_arn = excluded.role_arn,
                next_due = excluded.next_due, fires_at = excluded.fires_at, enabled_at = excluded.enabled_at",
        )
        .bind(&rule.name)
        .bind(&rule.schedule_expression)
        .bind(rule.state.as_str())
        .bind(&rule.description)
        .bind(&rule.role_arn)
        .bind(rule.next_due.map(micros))
        .bind(rule.fires_at.map(micros))
        .bind(rule.enabled_at.map(micros))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Sets a rule's next due moment, and when it fires.
    pub async fn set_next_due(
        &mut self,
        name: &str,
        next_due: Option<Timestamp>,
        fires_at: Option<Timestamp>,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- set_next_due
            UPDATE rules SET next_due = $2, fires_at = $3 WHERE name = $1",
        )
        .bind(name)
        .bind(next_due.map(micros))
        .bind(fires_at.map(micros))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// The names of the rules that have `arn` as a target.
    pub async fn rules_of_target(&mut self, arn: &str) -> anyhow::Result<Vec<String>> {
        let names = sqlx::query_scalar(
            "-- rules_of_target_in_tx
            SELECT DISTINCT rule FROM targets WHERE arn = $1 ORDER BY rule",
        )
        .bind(arn);
        Ok(names.fetch_all(self.conn()).await?)
    }

    /// Removes a rule with its targets.
    pub async fn delete_rule(&mut self, name: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_rule
            DELETE FROM rules WHERE name = $1",
        )
        .bind(name)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// All targets of a rule, by id.
    pub async fn targets(&mut self, rule: &str) -> anyhow::Result<Vec<Target>> {
        sqlx::query(
            "-- targets_in_tx
            SELECT document FROM targets WHERE rule = $1 ORDER BY id",
        )
        .bind(rule)
        .fetch_all(self.conn())
        .await?
        .iter()
        .map(target)
        .collect()
    }

    /// Adds a target to a rule, or replaces the one with its id.
    pub async fn put_target(&mut self, rule: &str, target: &Target) -> anyhow::Result<()> {
        sqlx::query(
            "-- put_target
            INSERT INTO targets (rule, id, arn, document) VALUES ($1, $2, $3, $4)
            ON CONFLICT (rule, id) DO UPDATE SET arn = excluded.arn, document = excluded.document",
        )
        .bind(rule)
        .bind(&target.id)
        .bind(&target.arn)
        .bind(serde_json::to_string(target)?)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Removes a target; `false` if the rule has none with this id.
    pub async fn delete_target(&mut self, rule: &str, id: &str) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- delete_target
            DELETE FROM targets WHERE rule = $1 AND id = $2",
        )
        .bind(rule)
        .bind(id)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
