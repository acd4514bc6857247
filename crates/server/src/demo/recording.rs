//! A program that has one call recorded while it is up, by REST, as an integrator's would. One only: the demo may run for
//! days, and what it records stays until it ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::screen::Screen;
use crate::cli::client::{Client, ClientError};

/// How often the program looks for a call to record.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for a call between two users that was answered, and has it recorded from then on.
pub(super) async fn of_one_call(client: &Client, screen: &Screen) -> anyhow::Result<()> {
    loop {
        let calls = client.get("/calls").await?;
        if let Some(id) = answered(&calls) {
            let order = json!({"monitor_state": 1});
            match client.patch(&format!("/calls/{id}"), &order).await {
                Ok(_) => {
                    let text = "\n-- A program has that call recorded. Listen to it on the page, under Recordings.";
                    screen.say(text).await;
                    return Ok(());
                }
                // It was over by then, or is no call of two people: there will be others.
                Err(error @ ClientError::Refused { .. }) => {
                    tracing::debug!(%error, "not recorded");
                }
                Err(error) => return Err(error.into()),
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The first call of a user to a user that is up, if there is any.
fn answered(calls: &Value) -> Option<u64> {
    let calls = calls.get("data")?.as_array()?;
    let up = calls.iter().find(|call| {
        let is = |key: &str, value: &str| call.get(key).and_then(Value::as_str) == Some(value);
        is("state", "CONNECTED") && is("context", "LOCAL_USER")
    });
    up?.get("id")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answered_call_between_two_users_is_recorded() {
        let calls = json!({"data": [
            {"id": 1, "state": "RINGING", "context": "LOCAL_USER"},
            {"id": 2, "state": "CONNECTED", "context": "VM"},
            {"id": 3, "state": "CONNECTED", "context": "LOCAL_USER"},
        ]});
        assert_eq!(answered(&calls), Some(3));
        assert_eq!(answered(&json!({"data": []})), None);
    }
}
