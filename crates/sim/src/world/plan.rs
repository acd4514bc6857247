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
    /// Users, each with one phone.
    pub users: u32,
    /// Every so manieth of them has a second phone.
    pub second_phones: u32,
    /// How many of them, the last ones, are agents of the queues; at most `users`.
    pub agents: u32,
    /// Ring groups of all users who are no agents.
    pub groups: u32,
    /// Queues, each with all agents.
    pub queues: u32,
    /// Trunks; with any, each user, group and queue has a number, and users call outside. The last one of several flaps.
    pub trunks: u32,
    /// Whether one phone in four that takes or makes a call transfers it.
    pub transfers: bool,
    /// Whether media goes through the PBX: then it hands out ports, and the o= line that a phone sees stays the same
    /// whoever it is joined to.
    pub relay: bool,
    /// Calls placed.
    pub calls: u32,
    /// Calls placed beyond those to groups and queues, by people who are no agents and have some patience.
    pub shared_calls: u32,
    /// How often the phone of an agent dies, or takes its registration back, for a while.
    pub troubles: u32,
    /// Texts sent.
    pub texts: u32,
    /// What REST clients ask for: to hang up, hold, transfer and place calls.
    pub api_commands: u32,
    /// Keys pressed by INFO; where media goes through the PBX as many more things are heard in it.
    pub keys: u32,
    /// Virtual time in which they are placed.
    pub during: Duration,
    /// How often the process dies meanwhile.
    pub crashes: u32,
    /// Octets of chance thrown at the switch meanwhile.
    pub garbage: u32,
}

impl Plan {
    /// A run of plain calls between users, whose shape follows from its seed.
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
            second_phones: 3,
            agents: 0,
            groups: 0,
            queues: 0,
            trunks: 0,
            transfers: false,
            relay: false,
            calls: 14,
            shared_calls: 0,
            troubles: 0,
            texts: 0,
            api_commands: 0,
            keys: 20,
            during: Duration::from_secs(60),
            crashes: u32::try_from(seed % 3).unwrap_or(0),
            garbage: 20,
        }
    }

    /// A run of texts: between users, by trunks, by REST, with few calls between them.
    #[must_use]
    pub fn texts(seed: u64) -> Self {
        Self {
            trunks: 2,
            calls: 3,
            texts: 24,
            ..Self::of(seed)
        }
    }

    /// A run with all that a PBX has: groups, queues, trunks, transfers and texts.
    #[must_use]
    pub fn pbx(seed: u64) -> Self {
        Self {
            users: 9,
            agents: 4,
            groups: 2,
            queues: 2,
            trunks: 2,
            transfers: true,
            relay: seed.is_multiple_of(2),
            calls: 30,
            texts: 6,
            api_commands: 12,
            keys: 60,
            during: Duration::from_secs(90),
            ..Self::of(seed)
        }
    }
    /// Two hundred callers of three queues whose agents lose their phones now and then (row R16 of the test matrix).
    #[must_use]
    pub fn call_centre(seed: u64) -> Self {
        Self {
            users: 18,
            agents: 12,
            queues: 3,
            trunks: 1,
            relay: seed.is_multiple_of(2),
            calls: 0,
            shared_calls: 200,
            troubles: 40,
            api_commands: 10,
            keys: 100,
            during: Duration::from_secs(150),
            ..Self::of(seed)
        }
    }

    /// A ring group of fifty members, each with two phones.
    #[must_use]
    pub fn big_group(seed: u64) -> Self {
        Self {
            users: 50,
            second_phones: 1,
            groups: 1,
            trunks: 1,
            relay: seed.is_multiple_of(2),
            calls: 0,
            shared_calls: 4,
            api_commands: 2,
            garbage: 0,
            ..Self::of(seed)
        }
    }
}
