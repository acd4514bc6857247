//! Routing: a pure function from who dials what to whom is rung. A person can print the plan of any call
//! without placing it.

use offhook_base::PhoneId;
use offhook_sip_core::Binding;

use crate::bindings::Bindings;
use crate::directory::{Directory, User};

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

/// Plans a call from `caller`'s phone to `dialled`.
///
/// The calling phone itself is not rung: who dials the own extension reaches the other phones.
#[must_use]
pub fn plan(directory: &Directory, bindings: &Bindings, caller: PhoneId, dialled: &str) -> Plan {
    let Some(user) = directory.user_by_ext(dialled).filter(|user| user.active) else {
        return Plan::Unknown;
    };
    let user = user.clone();
    if user.dnd {
        return Plan::Unreachable {
            user,
            why: Unreachable::DoNotDisturb,
        };
    }
    let targets: Vec<_> = directory
        .phones_of(user.id)
        .iter()
        .filter(|phone| **phone != caller)
        .flat_map(|phone| bindings.of(*phone).map(|binding| (*phone, binding.clone())))
        .collect();
    if targets.is_empty() {
        return Plan::Unreachable {
            user,
            why: Unreachable::Unregistered,
        };
    }
    Plan::Ring { user, targets }
}
