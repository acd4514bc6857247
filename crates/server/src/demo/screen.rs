//! What the demo shows: one writer, fed by many tasks.

use serde_json::Value;
use tokio::sync::mpsc;

use crate::cli::out;
use crate::node;

/// Lines that wait to be shown; tasks wait when it is full, which no call or delivery does.
const QUEUE: usize = 1_024;

/// Where the tasks of the demo speak.
#[derive(Clone, Debug)]
pub(super) struct Screen(mpsc::Sender<String>);

/// What shows their lines.
#[derive(Debug)]
pub(super) struct Viewer(mpsc::Receiver<String>);

pub(super) fn channel() -> (Screen, Viewer) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Screen(sender), Viewer(receiver))
}

impl Screen {
    /// Shows a line; when the demo is over already, nobody needs it.
    pub(super) async fn say(&self, line: impl Into<String>) {
        drop(self.0.send(line.into()).await);
    }

    /// Shows a line with the time in front.
    pub(super) async fn note(&self, text: &str) {
        self.say(format!("{}  {text}", time())).await;
    }
}

impl Viewer {
    /// Shows lines until nobody speaks any more.
    pub(super) async fn show(&mut self) -> anyhow::Result<()> {
        while let Some(line) = self.0.recv().await {
            out::line(line)?;
        }
        Ok(())
    }

    /// Shows what is there already.
    pub(super) fn show_rest(&mut self) -> anyhow::Result<()> {
        while let Ok(line) = self.0.try_recv() {
            out::line(line)?;
        }
        Ok(())
    }
}

/// `HH:MM:SS.mmm`, UTC, like the times in the events.
fn time() -> String {
    let text = node::now().wall.to_rfc3339();
    text.get(11..23).unwrap_or_default().to_owned()
}

/// An event as one line: name, call, seq, state, who calls whom, why it ended, which attempt, and what was answered.
/// In columns, however long the number of somebody outside is.
pub(super) fn event_line(event: &Value, attempt: &str, answered: u16) -> String {
    let text = |key: &str| match event.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let mut line = format!("{}  {:<NAME$} ", time(), text("event_name"));
    if event.get("call_id").is_some() {
        let parties = format!("{} -> {}", number(&text("src")), number(&text("dst")));
        // What is told after a call, such as an agent's time for notes, is not counted among its events.
        let seq = event
            .get("seq")
            .map_or_else(String::new, |seq| format!(" seq {seq}"));
        let call = format!("call {}{seq}", text("call_id"));
        line.push_str(&format!(
            "{call:<CALL$} {:<STATE$} {parties:<PARTIES$} {:<CAUSE$}",
            text("state"),
            text("t_cause")
        ));
    } else {
        let rest = CALL + STATE + PARTIES + CAUSE + 3;
        line.push_str(&format!("{:<rest$}", text("text")));
    }
    line.push_str(&format!(" attempt {attempt}"));
    if answered >= 300 {
        line.push_str(&format!(", answered {answered}"));
    }
    line
}

/// Widths of the columns: of the longest name, of a call in its thousands, of the states, of two numbers, of the causes
/// that the scenes come to.
const NAME: usize = "monitor.audio_ready".len();
const CALL: usize = "call 1234 seq 10".len();
const STATE: usize = "CONNECTED".len();
const PARTIES: usize = 2 * DIGITS + " -> ".len();
const CAUSE: usize = "Unallocated Number".len();

/// Most characters of a number; the numbers of most countries have no more.
const DIGITS: usize = 12;

/// A number, and of one that is longer its end, which tells more.
fn number(text: &str) -> String {
    let length = text.chars().count();
    if length <= DIGITS {
        return text.to_owned();
    }
    let end = text.chars().skip(length - (DIGITS - 1));
    std::iter::once('…').chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn events_stand_in_columns() {
        let first = json!({"event_name": "call.ringing", "call_id": 7, "seq": 2, "state": "RINGING", "src": "1001", "dst": "1002"});
        let last = json!({"event_name": "call.hangup", "call_id": 7, "seq": 10, "state": "HANGUP", "src": "1001", "dst": "1002",
            "t_cause": "Normal Clearing"});
        let after = json!({"event_name": "queue.wrapup", "call_id": 7, "state": "HANGUP", "src": "1001", "dst": "4000"});
        let outside = json!({"event_name": "call.hangup", "call_id": 9, "seq": 4, "state": "HANGUP", "src": "34600111222",
            "dst": "123456789012345", "t_cause": "Normal Clearing"});
        let ready = json!({"event_name": "monitor.audio_ready", "call_id": 7, "src": "1001", "dst": "1002"});
        let without_time = |line: String| line.split_at(14).1.to_owned();
        for (event, answered, expected) in [
            (
                &first,
                204,
                "call.ringing        call 7 seq 2     RINGING   1001 -> 1002                                    attempt 1",
            ),
            (
                &last,
                500,
                "call.hangup         call 7 seq 10    HANGUP    1001 -> 1002                 Normal Clearing    attempt 1, answered 500",
            ),
            (
                &after,
                204,
                "queue.wrapup        call 7           HANGUP    1001 -> 4000                                    attempt 1",
            ),
            (
                &outside,
                204,
                "call.hangup         call 9 seq 4     HANGUP    34600111222 -> …56789012345  Normal Clearing    attempt 1",
            ),
            (
                &ready,
                204,
                "monitor.audio_ready call 7                     1001 -> 1002                                    attempt 1",
            ),
        ] {
            assert_eq!(without_time(event_line(event, "1", answered)), expected);
        }
    }
}
