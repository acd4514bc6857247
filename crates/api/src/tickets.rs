//! One-time sign-in tickets: whoever may use this machine gets a link that signs the browser in without a password.

use std::time::Duration;

use offhook_base::{Mono, Secret, UserId};
use ring::digest::{SHA256, digest};

/// Tickets that wait at a time; a further one puts the oldest out, so that an issuer always gets one.
const WAITING: usize = 16;
/// How long a ticket waits.
const LIFE: Duration = Duration::from_secs(3_600);

#[derive(Debug)]
struct Ticket {
    hash: [u8; 32],
    user: UserId,
    until: Mono,
}

/// The tickets that nobody has used yet. Only their hashes: a core dump signs nobody in. They end with the process.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    waiting: Vec<Ticket>,
}

impl Tickets {
    pub(crate) fn issue(&mut self, now: Mono, ticket: &Secret<String>, user: UserId) {
        self.waiting.retain(|waiting| waiting.until > now);
        if self.waiting.len() >= WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(Ticket {
            hash: hash(ticket),
            user,
            until: now + LIFE,
        });
    }

    /// Whom the ticket signs in; it does so once.
    pub(crate) fn redeem(&mut self, now: Mono, ticket: &Secret<String>) -> Option<UserId> {
        self.waiting.retain(|waiting| waiting.until > now);
        let hash = hash(ticket);
        let at = self
            .waiting
            .iter()
            .position(|waiting| waiting.hash == hash)?;
        Some(self.waiting.remove(at).user)
    }
}

fn hash(ticket: &Secret<String>) -> [u8; 32] {
    let mut hash = [0; 32];
    let digest = digest(&SHA256, ticket.expose().as_bytes());
    hash.iter_mut()
        .zip(digest.as_ref())
        .for_each(|(into, octet)| *into = *octet);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(n: usize) -> Secret<String> {
        Secret::new(format!("{n:040x}"))
    }

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000_000)
    }

    #[test]
    fn a_ticket_signs_in_once_within_an_hour() {
        let mut tickets = Tickets::default();
        tickets.issue(at(0), &ticket(1), UserId(7));
        tickets.issue(at(0), &ticket(2), UserId(8));
        assert_eq!(tickets.redeem(at(3_599), &ticket(3)), None);
        assert_eq!(tickets.redeem(at(3_599), &ticket(1)), Some(UserId(7)));
        assert_eq!(tickets.redeem(at(3_599), &ticket(1)), None);
        assert_eq!(tickets.redeem(at(3_600), &ticket(2)), None);
    }

    #[test]
    fn the_seventeenth_puts_the_oldest_out() {
        let mut tickets = Tickets::default();
        for n in 0..=WAITING {
            tickets.issue(at(0), &ticket(n), UserId(7));
        }
        assert_eq!(tickets.waiting.len(), WAITING);
        assert_eq!(tickets.redeem(at(1), &ticket(0)), None);
        assert_eq!(tickets.redeem(at(1), &ticket(WAITING)), Some(UserId(7)));
    }
}
