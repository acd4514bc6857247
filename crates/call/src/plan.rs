//! Routing: a pure function from who dials what to whom is rung. A person can print the plan of any call
//! without placing it.

use offhook_base::{PhoneId, TrunkId};
use offhook_sip_core::Binding;

use crate::bindings::Bindings;
use crate::directory::{DdiTarget, Directory, Extension, QueueConfig, RingGroup, User};
use crate::numbers::{Numbering, Outside};
use crate::record::Participant;
use crate::trunks::Trunks;

/// What is dialled, and by whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Dialled {
    /// Without `+`: an extension, or a number.
    pub(crate) number: String,
    /// Whether there was a `+`: then it is no extension.
    pub(crate) is_global: bool,
    /// The phone that dials: it is not rung itself.
    pub(crate) by: Option<PhoneId>,
    /// Whom it means, where that is known: a number of ours that an outsider dialled.
    pub(crate) target: Option<DdiTarget>,
    /// Whether it may lead outside. What a trunk brings never does.
    pub(crate) outwards: bool,
}

impl Dialled {
    /// What a user dials by a phone, by the API, or as the target of a transfer.
    pub(crate) fn by_user(text: &str, by: Option<PhoneId>) -> Self {
        let number = text.strip_prefix('+');
        Self {
            number: number.unwrap_or(text).to_owned(),
            is_global: number.is_some(),
            by,
            target: None,
            outwards: true,
        }
    }

    /// Who was called before, and is again: one of ours by what it is, an outsider by the number.
    pub(crate) fn again(
        party: &Participant,
        target: Option<DdiTarget>,
        numbering: &Numbering,
    ) -> Self {
        let number = &*party.number;
        let is_outsider = party.user.is_none() && party.shared.is_none();
        let e164 = numbering.to_e164(&format!("+{number}"));
        Self {
            is_global: is_outsider && e164.as_deref() == Some(number),
            target,
            ..Self::by_user(number, None)
        }
    }
}

/// Where everybody is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) bindings: &'a Bindings,
    pub(crate) numbering: &'a Numbering,
    pub(crate) trunks: &'a Trunks,
}

/// What is to be done with a call.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Ring these contacts of the user, all at once.
    Ring {
        /// The called user.
        user: User,
        /// Where; never empty.
        targets: Vec<(PhoneId, Binding)>,
    },
    /// The user exists but nothing is rung.
    Unreachable {
        /// The called user.
        user: User,
        /// Why not.
        why: Unreachable,
    },
    /// Ring the members of this group.
    Group(RingGroup),
    /// Wait for an agent of this queue.
    Queue(QueueConfig),
    /// Call this number by the first of these trunks that takes it; none when all are down or full.
    Outside {
        number: Outside,
        trunks: Vec<TrunkId>,
    },
    /// Nobody answers to that number.
    Unknown,
}

/// Why a user's phones are not rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unreachable {
    /// The user does not want to be disturbed.
    DoNotDisturb,
    /// No phone is registered.
    Unregistered,
}

/// A number of ours that a user dials is known by its target: the call stays inside.
pub(crate) fn meant(map: Map<'_>, dialled: &Dialled) -> Dialled {
    let is_extension = || {
        let is_number = dialled.is_global && reads_as_number(map, dialled);
        !is_number && map.directory.extension(&dialled.number).is_some()
    };
    if dialled.target.is_some() || !dialled.outwards || is_extension() {
        return dialled.clone();
    }
    let plus = if dialled.is_global { "+" } else { "" };
    let written = format!("{plus}{}", dialled.number);
    match map.directory.ddi_dialled(map.numbering, &written) {
        Some(ddi) => Dialled {
            number: ddi.e164.clone(),
            is_global: true,
            target: Some(ddi.target),
            outwards: false,
            by: dialled.by,
        },
        None => dialled.clone(),
    }
}

/// Plans a call.
///
/// The calling phone itself is not rung: who dials the own extension reaches the other phones.
pub(crate) fn plan(map: Map<'_>, dialled: &Dialled) -> Plan {
    let dialled = &meant(map, dialled);
    let directory = map.directory;
    let found = match dialled.target {
        Some(DdiTarget::User(user)) => directory.user(user).map(Extension::User),
        Some(DdiTarget::RingGroup(group)) => directory.ring_group(group).map(Extension::RingGroup),
        Some(DdiTarget::Queue(queue)) => directory.queue(queue).map(Extension::Queue),
        None if dialled.is_global && reads_as_number(map, dialled) => None,
        None => directory.extension(&dialled.number),
    };
    match found {
        Some(Extension::User(user)) if user.active => {
            let user = user.clone();
            match targets(directory, map.bindings, dialled.by, &user) {
                Ok(targets) => Plan::Ring { user, targets },
                Err(why) => Plan::Unreachable { user, why },
            }
        }
        Some(Extension::User(_)) => Plan::Unknown,
        Some(Extension::RingGroup(group)) => Plan::Group(group.clone()),
        Some(Extension::Queue(queue)) => Plan::Queue(queue.clone()),
        None if dialled.target.is_none() && dialled.outwards => outside(map, dialled),
        None => Plan::Unknown,
    }
}

/// Some phones put a `+` in front of extensions too.
fn reads_as_number(map: Map<'_>, dialled: &Dialled) -> bool {
    number(map, dialled).is_some()
}

fn number(map: Map<'_>, dialled: &Dialled) -> Option<Outside> {
    if dialled.is_global {
        map.numbering.outside(&format!("+{}", dialled.number))
    } else {
        map.numbering.outside(&dialled.number)
    }
}

fn outside(map: Map<'_>, dialled: &Dialled) -> Plan {
    match number(map, dialled) {
        Some(number) if map.directory.trunks().any(|trunk| trunk.active) => {
            let trunks = map.trunks.choose(&number);
            Plan::Outside { number, trunks }
        }
        Some(_) | None => Plan::Unknown,
    }
}

/// The contacts of a user; never empty.
pub(crate) fn targets(
    directory: &Directory,
    bindings: &Bindings,
    caller: Option<PhoneId>,
    user: &User,
) -> Result<Vec<(PhoneId, Binding)>, Unreachable> {
    if user.dnd {
        return Err(Unreachable::DoNotDisturb);
    }
    let targets: Vec<_> = directory
        .phones_of(user.id)
        .iter()
        .filter(|phone| Some(**phone) != caller)
        .flat_map(|phone| bindings.of(*phone).map(|binding| (*phone, binding.clone())))
        .collect();
    if targets.is_empty() {
        return Err(Unreachable::Unregistered);
    }
    Ok(targets)
}
