//! What a run is made of.

use std::time::Duration;

use crate::network::Conditions;

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// The network.
    pub network: Conditions,
    /// Users, each with one phone; every third has two.
    pub users: u32,
    /// Calls placed.
    pub calls: u32,
    /// Virtual time in which they are placed.
    pub during: Duration,
    /// How often the process dies meanwhile.
    pub crashes: u32,
    /// Octets of chance thrown at the switch meanwhile.
    pub garbage: u32,
}

impl Plan {
    /// A run whose shape follows from its seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let network = if seed.is_multiple_of(4) {
            Conditions::PERFECT
        } else {
            Conditions::BAD
        };
        Self {
            seed,
            network,
            users: 6,
            calls: 14,
            during: Duration::from_secs(60),
            crashes: u32::try_from(seed % 3).unwrap_or(0),
            garbage: 20,
        }
    }
}
