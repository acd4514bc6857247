//! How a call to a voicemail ends, and what becomes of somebody who wants that too.

use offhook_base::{Cause, TerminatedBy};
use offhook_sip_core::LegId;

use crate::cause::EndCause;
use crate::phase::Context;
use crate::phase::waiting::Gone;
use crate::record::End;

/// How the call ends.
#[derive(Debug)]
pub(super) enum Close {
    /// The caller has gone.
    Gone(Gone),
    /// We hang up.
    Ours(Cause, TerminatedBy),
}

impl Close {
    /// The message is complete.
    pub(super) fn complete() -> Self {
        Self::Ours(EndCause::NormalClearing.cause(), TerminatedBy::System)
    }

    pub(super) fn end(&self) -> End {
        match self {
            Self::Gone(gone) => gone.end(),
            Self::Ours(cause, by) => End::new(*cause, *by),
        }
    }

    /// Somebody else wants it too, before it is done.
    pub(super) fn and_then(self, cx: &mut Context<'_>, leg: LegId, later: Self) -> Self {
        match (self, later) {
            (Self::Gone(gone), Self::Gone(again)) => {
                again.dismiss(cx, leg);
                Self::Gone(gone)
            }
            (Self::Gone(gone), Self::Ours(..)) | (Self::Ours(..), Self::Gone(gone)) => {
                Self::Gone(gone)
            }
            (first @ Self::Ours(..), Self::Ours(..)) => first,
        }
    }
}
