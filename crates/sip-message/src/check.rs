use crate::name::Name;
use crate::view::View;

/// What is wrong with the headers that every message must have (RFC 3261 §8.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// A header that may stand once stands twice, with different values.
    #[error("Conflicting {}", .0.as_str())]
    Conflict(Name),
    /// The header cannot be read.
    #[error("Bad {}", .0.as_str())]
    Malformed(Name),
    /// CSeq names another method than the request (RFC 3261 §8.1.1.5).
    #[error("CSeq Of Another Method")]
    MethodMismatch,
    /// The header is not there.
    #[error("Missing {}", .0.as_str())]
    Missing(Name),
}

impl View<'_> {
    /// Checks the headers without which a message belongs to no transaction: Via, From, To, Call-ID and CSeq.
    ///
    /// A request with a fault is answered 400 with the fault's text as its reason; a response is dropped. Tolerated
    /// are a missing From tag and Max-Forwards, as RFC 2543 knew neither, and headers repeated word for word.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub fn check_mandatory(&self) -> Result<(), HeaderFault> {
        let once = [Name::From, Name::To, Name::CallId, Name::CSeq];
        for name in once {
            let mut values = self.headers(name);
            let first = values
                .next()
                .filter(|value| !value.is_empty())
                .ok_or(HeaderFault::Missing(name))?;
            if values.any(|value| value != first) {
                return Err(HeaderFault::Conflict(name));
            }
        }
        if self.elements(Name::Via).next().is_none() {
            return Err(HeaderFault::Missing(Name::Via));
        }
        let readable = [
            (Name::Via, self.top_via().is_some()),
            (Name::From, self.from().is_some()),
            (Name::To, self.to().is_some()),
            (Name::CSeq, self.cseq().is_some()),
        ];
        if let Some((name, _)) = readable.into_iter().find(|(_, readable)| !readable) {
            return Err(HeaderFault::Malformed(name));
        }
        if self.is_request() && !self.cseq_matches_method() {
            return Err(HeaderFault::MethodMismatch);
        }
        Ok(())
    }
}
