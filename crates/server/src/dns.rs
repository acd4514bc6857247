//! The system's name service, asked within bounds.

use std::time::Duration;

use hickory_resolver::TokioResolver;

/// Time for one lookup.
pub(crate) const DNS: Duration = Duration::from_secs(2);

/// A resolver by the system's configuration; an error is told in words when that cannot be read.
pub(crate) fn resolver() -> Result<TokioResolver, String> {
    let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
    let options = builder.options_mut();
    options.timeout = DNS;
    options.attempts = 1;
    options.positive_min_ttl = Some(Duration::from_secs(5));
    options.positive_max_ttl = Some(Duration::from_secs(300));
    options.negative_min_ttl = Some(Duration::from_secs(1));
    options.negative_max_ttl = Some(Duration::from_secs(30));
    builder.build().map_err(|error| error.to_string())
}
