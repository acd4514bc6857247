//! Who a text is from, and whom it reaches.

use offhook_base::{TrunkId, UserId};
use offhook_sip_core::Target;

use super::{Context, TextRefusal};
use crate::directory::{Ddi, DdiTarget, Directory, Extension};

/// Chooses the way of a text to an outside number.
pub(crate) trait OutsideWays {
    /// The way that a user's text may take to what was dialled. `explicit` is the number that it asked to show.
    fn way(
        &self,
        directory: &Directory,
        user: UserId,
        explicit: Option<&str>,
        dialled: &str,
    ) -> Result<Way, NoWay>;
}

/// Why no text goes to what was dialled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoWay {
    /// It is no number of the outside, or there is no trunk at all.
    Nowhere,
    /// No trunk that leads there is up.
    NotNow,
}

/// A way to an outside number.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// The trunk.
    pub(crate) trunk: TrunkId,
    /// Where the MESSAGE goes.
    pub(crate) target: Target,
    /// The number, as texts are listed by it.
    pub(crate) number: String,
    /// The number that is shown.
    pub(crate) from: String,
    /// Whom From and P-Asserted-Identity name.
    pub(crate) from_uri: String,
    /// Whom To names.
    pub(crate) to_uri: String,
}

/// Whom a text reaches.
#[derive(Debug)]
pub(super) enum Recipient {
    /// A group's or queue's number: its event is told, no phone gets it.
    Nobody,
    /// By a trunk.
    Outside(Box<Way>),
    /// All phones of a user.
    User(UserId),
}

/// Sender of a text.
#[derive(Debug)]
pub(super) struct Sender {
    /// Number or extension.
    pub(super) number: String,
    /// The user, where it is one of ours.
    pub(super) user: Option<UserId>,
    /// Whether it asked to be shown by a number of its own.
    pub(super) by_number: bool,
}

impl Sender {
    /// A user, by extension.
    pub(super) fn user(ext: &str, user: UserId) -> Self {
        Self {
            number: ext.to_owned(),
            user: Some(user),
            by_number: false,
        }
    }

    /// Somebody outside.
    pub(super) const fn outsider(number: String) -> Self {
        Self {
            number,
            user: None,
            by_number: false,
        }
    }
}

/// A recipient, and the number that it was reached by.
type Reached = (Recipient, String);

/// What a user reaches by what was dialled: an extension, a number of ours, or one outside.
pub(super) fn from_user(
    cx: &Context<'_>,
    user: UserId,
    sender: &Sender,
    dialled: &str,
) -> Result<Reached, TextRefusal> {
    let global = dialled.strip_prefix('+');
    let ext = match global {
        // Some phones put a `+` in front of extensions too.
        Some(_) if cx.numbering.outside(dialled).is_some() => None,
        Some(rest) => cx.directory.extension(rest),
        None => cx.directory.extension(dialled),
    };
    match ext {
        Some(Extension::User(callee)) if callee.active => {
            return Ok((Recipient::User(callee.id), callee.ext.clone()));
        }
        Some(Extension::User(_) | Extension::Queue(_) | Extension::RingGroup(_)) => {
            return Err(TextRefusal::UnknownNumber);
        }
        None => {}
    }
    if let Some(ddi) = cx.directory.ddi_dialled(cx.numbering, dialled) {
        return by_ddi(cx.directory, ddi);
    }
    let explicit = sender.by_number.then_some(&*sender.number);
    match cx.outside.way(cx.directory, user, explicit, dialled) {
        Ok(way) => {
            let number = way.number.clone();
            Ok((Recipient::Outside(Box::new(way)), number))
        }
        Err(NoWay::Nowhere) => Err(TextRefusal::UnknownNumber),
        Err(NoWay::NotNow) => Err(TextRefusal::Unavailable),
    }
}

/// What a trunk reaches: numbers of ours that come by it, nothing else.
pub(super) fn from_trunk(
    cx: &Context<'_>,
    trunk: TrunkId,
    dialled: &str,
) -> Result<Reached, TextRefusal> {
    let ddi = cx.directory.ddi_dialled(cx.numbering, dialled);
    let ddi = ddi.filter(|ddi| ddi.trunk.is_none_or(|only| only == trunk));
    by_ddi(cx.directory, ddi.ok_or(TextRefusal::UnknownNumber)?)
}

/// What a carrier reaches by REST: any number of ours, and, since an admin's token lets it in, extensions of users.
pub(super) fn from_carrier(cx: &Context<'_>, dialled: &str) -> Result<Reached, TextRefusal> {
    if let Some(ddi) = cx.directory.ddi_dialled(cx.numbering, dialled) {
        return by_ddi(cx.directory, ddi);
    }
    let ext = dialled.strip_prefix('+').unwrap_or(dialled);
    let user = cx.directory.user_by_ext(ext).filter(|user| user.active);
    let user = user.ok_or(TextRefusal::UnknownNumber)?;
    Ok((Recipient::User(user.id), user.ext.clone()))
}

fn by_ddi(directory: &Directory, ddi: &Ddi) -> Result<Reached, TextRefusal> {
    let recipient = match ddi.target {
        DdiTarget::User(id) => {
            let user = directory.user(id).filter(|user| user.active);
            Recipient::User(user.ok_or(TextRefusal::UnknownNumber)?.id)
        }
        // A text has no caller who could wait: the number's owner hears of it by the event alone.
        DdiTarget::Queue(_) | DdiTarget::RingGroup(_) => Recipient::Nobody,
    };
    Ok((recipient, ddi.e164.clone()))
}

/// The sender of a REST client's text. `from` is an extension or number of a user; of `by`, unless it may write for others.
pub(super) fn sender(
    cx: &Context<'_>,
    by: UserId,
    for_others: bool,
    from: Option<&str>,
) -> Result<Sender, TextRefusal> {
    let mine = |owner: UserId| for_others || owner == by;
    let active = |owner: UserId| {
        let user = cx.directory.user(owner).filter(|user| user.active);
        user.filter(|_| mine(owner)).ok_or(TextRefusal::NotYours)
    };
    let Some(from) = from else {
        return active(by).map(|user| Sender::user(&user.ext, user.id));
    };
    if let Some(user) = cx.directory.user_by_ext(from) {
        return active(user.id).map(|user| Sender::user(&user.ext, user.id));
    }
    let ddi = cx.directory.ddi_dialled(cx.numbering, from);
    match ddi.map(|ddi| (ddi.target, &ddi.e164)) {
        Some((DdiTarget::User(owner), e164)) => active(owner).map(|user| Sender {
            number: e164.clone(),
            user: Some(user.id),
            by_number: true,
        }),
        Some((DdiTarget::Queue(_) | DdiTarget::RingGroup(_), _)) | None => {
            Err(TextRefusal::NotYours)
        }
    }
}

/// The number of somebody outside, as calls from there show it.
pub(super) fn outsider(cx: &Context<'_>, dialled: &str) -> String {
    cx.numbering.outside(dialled).map_or_else(
        || dialled.strip_prefix('+').unwrap_or(dialled).to_owned(),
        |number| number.digits().to_owned(),
    )
}
