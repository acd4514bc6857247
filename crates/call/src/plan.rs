//! Routing: a pure function from who dials what to whom is rung. A person can print the plan of any call
//! without placing it.

use offhook_base::PhoneId;
use offhook_sip_core::Binding;

use crate::bindings::Bindings;
use crate::directory::{Directory, Extension, RingGroup, User};

/// What is to be done with a call.
#[derive(Clone, Debug)]
pub enum Plan {
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
    /// Nobody answers to that number.
    Unknown,
}

/// Why a user's phones are not rung.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unreachable {
    /// The user does not want to be disturbed.
    DoNotDisturb,
    /// No phone is registered.
    Unregistered,
}

/// Plans a call to `dialled` by one of our phones, or by nobody's.
///
/// The calling phone itself is not rung: who dials the own extension reaches the other phones.
#[must_use]
pub fn plan(
    directory: &Directory,
    bindings: &Bindings,
    caller: Option<PhoneId>,
    dialled: &str,
) -> Plan {
    match directory.extension(dialled) {
        Some(Extension::User(user)) if user.active => {
            let user = user.clone();
            match targets(directory, bindings, caller, &user) {
                Ok(targets) => Plan::Ring { user, targets },
                Err(why) => Plan::Unreachable { user, why },
            }
        }
        Some(Extension::RingGroup(group)) => Plan::Group(group.clone()),
        Some(Extension::User(_) | Extension::Queue(_)) | None => Plan::Unknown,
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
