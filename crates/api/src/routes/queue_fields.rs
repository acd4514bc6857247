//! What may stand in a queue, and how a list of agents changes the one it has.

use offhook_base::{SoundId, UserId};
use offhook_store::{QueueAgent, QueuePatch, QueueStrategy};
use serde_json::Value;

use crate::body::Fields;
use crate::error::ApiError;

/// Most members of a queue or a ring group.
pub(super) const MEMBERS: usize = 200;

/// A shorter time between two announcements leaves no time to listen to the music.
const ANNOUNCE_EVERY: u32 = 15;

/// The fields of a queue as a client gave them, each sound.
pub(super) struct Input {
    /// All but the agents.
    pub(super) patch: QueuePatch,
    pub(super) edits: Option<Vec<Edit>>,
    /// Nothing but agents was given.
    pub(super) agents_only: bool,
}

/// What becomes of one agent. Those who are not named stay as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Edit {
    pub(super) id: UserId,
    pub(super) change: Change,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Remove,
    Status(bool),
}

/// Reads a queue's fields; `all` when it is being made.
pub(super) fn input(mut fields: Fields, all: bool) -> Result<Input, ApiError> {
    let edits = edits(&mut fields, all);
    let agents_only = fields.is_empty();
    let mut patch = QueuePatch {
        name: fields.text("name", 1, 100),
        number: fields.digits("number", 2, 15),
        ring_strategy: fields.word("ring_strategy", QueueStrategy::ALL, QueueStrategy::as_str),
        ring_time: fields.number("ring_time", 5, 120),
        max_wait: fields.number("max_wait", 0, 7_200),
        max_length: fields.number("max_length", 0, 1_000),
        wrap_up_time: fields.number("wrap_up_time", 0, 3_600),
        announce: fields.number("announce", 0, 3_600),
        skip_busy: fields.flag("skip_busy"),
        music: sound(&mut fields, "music"),
        announcement: sound(&mut fields, "announcement"),
        users: None,
    };
    if patch
        .announce
        .is_some_and(|every| (1..ANNOUNCE_EVERY).contains(&every))
    {
        fields.fail(
            "announce",
            format!("must be 0 (never) or at least {ANNOUNCE_EVERY} seconds"),
        );
    }
    if all {
        patch.name = fields.require("name", patch.name);
        patch.number = fields.require("number", patch.number);
    }
    fields.finish()?;
    Ok(Input {
        patch,
        edits,
        agents_only,
    })
}

/// The id of a sound, or null for none.
fn sound(fields: &mut Fields, name: &str) -> Option<Option<SoundId>> {
    let id = fields.id_or_null(name)?;
    Some(id.map(SoundId))
}

/// `users`: each an id, who is then logged in, or an object.
fn edits(fields: &mut Fields, all: bool) -> Option<Vec<Edit>> {
    let mut edits: Vec<Edit> = Vec::new();
    let items = fields.items("users", MEMBERS)?;
    for (n, item) in items.into_iter().enumerate() {
        let at = format!("users[{n}]");
        let Some(edit) = edit(fields, &at, item, all) else {
            continue;
        };
        if edits.iter().any(|known| known.id == edit.id) {
            fields.fail(&at, "is listed twice");
        }
        edits.push(edit);
    }
    Some(edits)
}

fn edit(fields: &mut Fields, at: &str, item: Value, all: bool) -> Option<Edit> {
    if item.is_number() {
        let id = item.as_u64().and_then(|id| u32::try_from(id).ok());
        if id.is_none() {
            fields.fail(at, "must be an id");
        }
        let change = Change::Status(true);
        return id.map(|id| Edit {
            id: UserId(id),
            change,
        });
    }
    let Some(mut item) = Fields::of_item(item) else {
        fields.fail(at, "must be an id, or an object with id and status");
        return None;
    };
    let id = item.id("id");
    let id = item.require("id", id);
    let status = item.flag("status");
    let remove = !all && item.flag("remove").unwrap_or_default();
    let change = if remove {
        if status.is_some() {
            item.fail("status", "does not go with remove");
        }
        Some(Change::Remove)
    } else {
        item.require("status", status).map(Change::Status)
    };
    fields.finish_item(at, item);
    id.zip(change).map(|(id, change)| Edit {
        id: UserId(id),
        change,
    })
}

/// The agents that come of `old`: new ones at the end.
pub(super) fn apply(
    mut agents: Vec<QueueAgent>,
    edits: &[Edit],
) -> Result<Vec<QueueAgent>, ApiError> {
    for edit in edits {
        match edit.change {
            Change::Remove => agents.retain(|agent| agent.id != edit.id),
            Change::Status(status) => match agents.iter_mut().find(|agent| agent.id == edit.id) {
                Some(agent) => agent.status = status,
                None => agents.push(QueueAgent {
                    id: edit.id,
                    status,
                }),
            },
        }
    }
    if agents.len() > MEMBERS {
        return Err(ApiError::field(
            "users",
            format!("would be more than {MEMBERS}"),
        ));
    }
    Ok(agents)
}
