/// Why octets from the network are not a SIP message that we can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The body is shorter than Content-Length says (RFC 3261 §18.3).
    #[error("Content-Length says {declared} octets but {actual} follow the head")]
    BodyTooShort {
        /// What Content-Length says.
        declared: usize,
        /// How many octets follow the head.
        actual: usize,
    },
    /// Content-Length is not a number that can be.
    #[error("Content-Length is not a possible number")]
    ContentLength,
    /// Two Content-Length headers differ.
    #[error("two Content-Length headers differ")]
    ContentLengthConflict,
    /// A message on a stream has no Content-Length (RFC 3261 §20.14).
    #[error("a message on a stream has no Content-Length")]
    ContentLengthMissing,
    /// Nothing but CR and LF: a keep-alive.
    #[error("nothing but line ends")]
    Empty,
    /// No empty line ends the head.
    #[error("no empty line ends the head")]
    Incomplete,
    /// White space inside the Request-URI (RFC 4475 §3.1.2.9 to 10).
    #[error("white space inside the Request-URI")]
    RequestUri,
    /// The first line is neither a Request-Line nor a Status-Line of SIP.
    #[error("the first line is neither a request nor a status line")]
    StartLine,
    /// Longer than [`crate::MAX_MESSAGE`], or than the limits of the stream.
    #[error("the message is too large")]
    TooLarge,
    /// More than [`crate::MAX_HEADERS`] header lines.
    #[error("too many header lines")]
    TooManyHeaders,
    /// A version of SIP other than 2.0.
    #[error("the SIP version is not 2.0")]
    Version,
}

impl ParseError {
    /// The status that answers a request with this fault; `None` where nothing can or should be answered.
    ///
    /// The request itself is recovered with [`crate::Index::salvage`].
    #[must_use]
    pub fn status(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Empty | Self::StartLine => None,
            Self::BodyTooShort { .. } => Some((400, "Body Shorter Than Content-Length")),
            Self::ContentLength => Some((400, "Bad Content-Length")),
            Self::ContentLengthConflict => Some((400, "Conflicting Content-Length")),
            Self::ContentLengthMissing => Some((400, "Missing Content-Length")),
            Self::Incomplete => Some((400, "Incomplete Message")),
            Self::RequestUri => Some((400, "Bad Request-URI")),
            Self::TooLarge => Some((513, "Message Too Large")),
            Self::TooManyHeaders => Some((400, "Too Many Headers")),
            Self::Version => Some((505, "Version Not Supported")),
        }
    }
}
