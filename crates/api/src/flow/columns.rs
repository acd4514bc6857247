//! Who stands where: the caller, Offhook, the called ones, the webhooks.

use std::collections::HashSet;
use std::net::SocketAddr;

use offhook_base::WebhookId;

use super::sip::Parsed;
use super::{ColumnKind, FlowColumn, FlowInput, shown};

const PBX: &str = "pbx";

/// The columns, and where to find them.
#[derive(Debug)]
pub(super) struct Columns {
    hosts: Vec<(SocketAddr, String)>,
    list: Vec<FlowColumn>,
}

impl Columns {
    pub(super) fn of(messages: &[Parsed<'_>], input: &FlowInput) -> Self {
        let mut hosts: Vec<(SocketAddr, String)> = Vec::new();
        let mut callers = Vec::new();
        let mut called = Vec::new();
        for parsed in messages {
            let address = parsed.message.remote;
            if hosts.iter().any(|(known, _)| *known == address) {
                continue;
            }
            let id = format!("h{}", hosts.len() + 1);
            let alias = alias(messages, address).unwrap_or_else(|| address.ip().to_string());
            let column = FlowColumn {
                id: id.clone(),
                kind: ColumnKind::Host,
                alias,
                address: shown(address),
            };
            hosts.push((address, id));
            if parsed.message.leg == "A" {
                &mut callers
            } else {
                &mut called
            }
            .push(column);
        }
        let mut list = callers;
        list.push(FlowColumn {
            id: PBX.to_owned(),
            kind: ColumnKind::Host,
            alias: "Offhook".to_owned(),
            address: messages
                .first()
                .map(|parsed| shown(parsed.message.local))
                .unwrap_or_default(),
        });
        list.extend(called);
        list.extend(webhooks(input));
        Self { hosts, list }
    }

    pub(super) fn pbx(&self) -> String {
        PBX.to_owned()
    }

    pub(super) fn host(&self, address: SocketAddr) -> String {
        let found = self.hosts.iter().find(|(known, _)| *known == address);
        found.map_or_else(|| self.pbx(), |(_, id)| id.clone())
    }

    pub(super) fn webhook(id: WebhookId) -> String {
        format!("w{id}")
    }

    pub(super) fn into_list(self) -> Vec<FlowColumn> {
        self.list
    }
}

/// The number of the phone at an address: of the caller in what it sends, of the called one in what it gets.
fn alias(messages: &[Parsed<'_>], address: SocketAddr) -> Option<String> {
    messages
        .iter()
        .filter(|parsed| parsed.message.remote == address)
        .find_map(|parsed| {
            if parsed.message.inbound == parsed.is_request() {
                parsed.caller()
            } else {
                parsed.called()
            }
        })
}

/// Those that exist, and then those that deliveries went to before they were deleted.
fn webhooks(input: &FlowInput) -> Vec<FlowColumn> {
    let column = |id, alias, address| FlowColumn {
        id: Columns::webhook(id),
        kind: ColumnKind::Webhook,
        alias,
        address,
    };
    let mut seen: HashSet<WebhookId> = HashSet::new();
    let mut list = Vec::new();
    for webhook in &input.webhooks {
        if seen.insert(webhook.id) {
            list.push(column(
                webhook.id,
                webhook.name.clone(),
                webhook.host.clone(),
            ));
        }
    }
    for id in input.deliveries.iter().map(|delivery| delivery.webhook) {
        if seen.insert(id) {
            list.push(column(id, format!("webhook {id}"), String::new()));
        }
    }
    list
}
