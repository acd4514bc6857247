//! What a phone does when a transaction's timer runs out.

use offhook_base::Mono;

use super::client::{self, ClientKey, Purpose};
use super::server::{self, Server};
use super::{Output, Phone, Rule, Side};

impl Phone {
    pub(super) fn client_timeouts(&mut self, now: Mono) {
        let mut fired = Vec::new();
        for (key, client) in &mut self.clients {
            if let Some(what) = client.on_timeout(now) {
                fired.push((key.clone(), what));
            }
        }
        for (key, what) in fired {
            match what {
                client::Fired::Resend => {
                    if let Some(client) = self.clients.get(&key) {
                        self.outputs.push_back(Output::Send {
                            to: client.to,
                            bytes: client.request.clone(),
                        });
                    }
                }
                client::Fired::Over => self.forget(&key),
                client::Fired::TimedOut => {
                    let Some(client) = self.clients.get(&key) else {
                        continue;
                    };
                    let purpose = client.purpose;
                    self.forget(&key);
                    self.violation(
                        now,
                        Rule::NoAnswer,
                        format!("{purpose:?} was never answered"),
                    );
                    self.nobody_answered(now, purpose);
                }
            }
        }
    }

    fn nobody_answered(&mut self, now: Mono, purpose: Purpose) {
        match purpose {
            Purpose::Bye(call) => self.over(now, call, Side::Us, None),
            Purpose::Cancel(_) | Purpose::Press(..) => {}
            // 408 is what a transaction user makes of a timeout (8.1.3.1).
            Purpose::Invite(call) => self.over(now, call, Side::Us, Some(408)),
            // A dialog whose peer does not answer is over (12.2.1.2).
            Purpose::Refer(call) | Purpose::Reinvite(call) => self.send_bye(now, call),
            Purpose::Text(text) => self.text_answered(text, 408),
            Purpose::Register => self.registration_failed(now, 408, None),
        }
    }

    pub(super) fn forget(&mut self, key: &ClientKey) {
        self.clients.remove(key);
        self.past.insert(key.branch.clone());
    }

    pub(super) fn server_timeouts(&mut self, now: Mono) {
        let mut fired = Vec::new();
        for (key, server) in &mut self.servers {
            if let Some(what) = server.on_timeout(now) {
                fired.push((key.clone(), what));
            }
        }
        for (key, what) in fired {
            match what {
                server::Fired::Resend(bytes) => {
                    if let Some(server) = self.servers.get(&key) {
                        self.outputs.push_back(Output::Send {
                            to: server.source,
                            bytes,
                        });
                    }
                }
                server::Fired::Over => {
                    self.servers.remove(&key);
                }
                server::Fired::AckMissing => {
                    let server = self.servers.remove(&key);
                    self.violation(now, Rule::AckMissing, "64 × T1 went by".to_owned());
                    let accepted = server
                        .filter(Server::is_accepted)
                        .and_then(|server| server.call);
                    if let Some(call) = accepted {
                        // 13.3.1.4: the session should be terminated.
                        self.send_bye(now, call);
                    }
                }
            }
        }
    }
}
