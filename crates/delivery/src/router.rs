//! Which event goes to which endpoint (contract, section 1.4): used by the journal's writer before the commit.

use std::collections::BTreeMap;

use offhook_base::{CallId, EventName, EventRecord, WebhookId};

use crate::endpoint::Endpoint;

/// Why an event is not meant for an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The contexts asked for leave the event's out.
    Context,
    /// The event's name is not among those asked for.
    Event,
    /// The admin switched the endpoint off.
    Inactive,
    /// The integration as a whole is off.
    IntegrationOff,
    /// We switched the endpoint off, and the event is one that is not kept for it meanwhile.
    Unheld,
}

/// What an endpoint asks for, apart from where it is: all that decides whether an event is meant for it.
#[derive(Clone, Copy, Debug)]
pub struct Wishes<'a> {
    /// Ticked categories and exact event names.
    pub events: &'a [String],
    /// Contexts asked for; empty for the contract's default.
    pub contexts: &'a [String],
    /// The admin's switch.
    pub active: bool,
    /// Whether we switched it off.
    pub disabled: bool,
}

impl Wishes<'_> {
    /// Why an event is not meant for this endpoint; `None` when it is. This is the rule that [`Subscriptions`] follow.
    #[must_use]
    pub fn refusal(&self, enabled: bool, event: &EventRecord) -> Option<Refusal> {
        switched_off(enabled, self.active)
            .or_else(|| Subscription::new(WebhookId::default(), self).refusal(event))
    }
}

/// What the endpoints asked for.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions(Vec<Subscription>);

#[derive(Clone, Debug)]
struct Subscription {
    endpoint: WebhookId,
    held: bool,
    /// `call.state_change` is ticked.
    all_states: bool,
    /// Bit `i` stands for `EventName::ALL[i]`.
    names: u32,
    contexts: Vec<String>,
}

impl Subscriptions {
    /// Takes what each endpoint asks for. While the integration as a whole is off (`enabled` is false) nothing goes anywhere.
    #[must_use]
    pub fn new<'a>(enabled: bool, endpoints: impl IntoIterator<Item = &'a Endpoint>) -> Self {
        let wanted = endpoints
            .into_iter()
            .filter(|endpoint| switched_off(enabled, endpoint.active).is_none());
        Self(
            wanted
                .map(|endpoint| Subscription::new(endpoint.id, &endpoint.wishes()))
                .collect(),
        )
    }

    /// The endpoints that an event is meant for, and whether their deliveries are only kept.
    pub fn route<'a>(
        &'a self,
        event: &'a EventRecord,
    ) -> impl Iterator<Item = (WebhookId, bool)> + 'a {
        self.0
            .iter()
            .filter(|subscription| subscription.refusal(event).is_none())
            .map(|subscription| (subscription.endpoint, subscription.held))
    }
}

impl Subscription {
    fn new(endpoint: WebhookId, wishes: &Wishes<'_>) -> Self {
        let names = wishes
            .events
            .iter()
            .fold(0, |names, event| match event.as_str() {
                "call.ended" => names | bit(EventName::CallHangup),
                exact => exact.parse().map_or(names, |name| names | bit(name)),
            });
        Self {
            endpoint,
            held: wishes.disabled,
            all_states: wishes
                .events
                .iter()
                .any(|event| event == "call.state_change"),
            names,
            contexts: wishes.contexts.to_vec(),
        }
    }

    fn refusal(&self, event: &EventRecord) -> Option<Refusal> {
        if event.name == EventName::WebhookDisabled {
            return self.held.then_some(Refusal::Unheld);
        }
        let by_state = self.all_states && is_state_change(event.name);
        if !by_state && self.names & bit(event.name) == 0 {
            return Some(Refusal::Event);
        }
        let context = &*event.context;
        let covered = if self.contexts.is_empty() {
            // What is not a call event was ticked by its own name, and `call.state_change` does not cover it.
            self.all_states || context == "LOCAL_USER" || !is_call(event.name)
        } else {
            context.is_empty() || self.contexts.iter().any(|wanted| covers(wanted, context))
        };
        (!covered).then_some(Refusal::Context)
    }
}

const fn switched_off(enabled: bool, active: bool) -> Option<Refusal> {
    match (enabled, active) {
        (false, _) => Some(Refusal::IntegrationOff),
        (true, false) => Some(Refusal::Inactive),
        (true, true) => None,
    }
}

/// `RG` stands for every ring group, `RG-7` for one.
fn covers(wanted: &str, context: &str) -> bool {
    wanted == context || wanted == "RG" && context.starts_with("RG-")
}

const fn bit(name: EventName) -> u32 {
    1 << name as u32
}

const fn is_call(name: EventName) -> bool {
    is_state_change(name) || matches!(name, EventName::CallDtmf)
}

const fn is_state_change(name: EventName) -> bool {
    match name {
        EventName::CallInitial
        | EventName::CallAccepted
        | EventName::CallRinging
        | EventName::CallConnected
        | EventName::CallHold
        | EventName::CallUnhold
        | EventName::CallMissed
        | EventName::CallFailed
        | EventName::CallHangup => true,
        EventName::CallDtmf
        | EventName::SmsReceived
        | EventName::MonitorAudioReady
        | EventName::QueueWrapup
        | EventName::WebhookTest
        | EventName::WebhookDisabled => false,
    }
}

/// An event meant for one endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// Which.
    pub endpoint: WebhookId,
    /// `seq` of the previous event of this root meant for this endpoint; 0 when this is the first.
    pub prev_seq: u64,
    /// We switched the endpoint off: the delivery is kept, not sent.
    pub held: bool,
}

/// Routes events in commit order and knows what went before in each lane.
#[derive(Clone, Debug, Default)]
pub struct Router {
    subscriptions: Subscriptions,
    last: BTreeMap<CallId, Vec<(WebhookId, u64)>>,
}

impl Router {
    /// Starts with what the endpoints asked for.
    #[must_use]
    pub fn new(subscriptions: Subscriptions) -> Self {
        Self {
            subscriptions,
            last: BTreeMap::new(),
        }
    }

    /// Takes over what the journal knows of a root that is still open.
    pub fn restore(&mut self, root: CallId, endpoint: WebhookId, seq: u64) {
        set(self.last.entry(root).or_default(), endpoint, seq);
    }

    /// From here on the endpoints ask for this.
    pub fn handle_subscriptions(&mut self, subscriptions: Subscriptions) {
        self.subscriptions = subscriptions;
    }

    /// Routes one event, which must be the next of its root, adding its routes to `routes`.
    pub fn route(&mut self, event: &EventRecord, routes: &mut Vec<Route>) {
        for (endpoint, held) in self.subscriptions.route(event) {
            let Some(seq) = event.seq else {
                routes.push(Route {
                    endpoint,
                    prev_seq: 0,
                    held,
                });
                continue;
            };
            let prev_seq = set(self.last.entry(event.root).or_default(), endpoint, seq);
            routes.push(Route {
                endpoint,
                prev_seq,
                held,
            });
        }
        if event.is_final {
            self.last.remove(&event.root);
        }
    }

    /// How many roots are remembered: those that had an event for somebody and are not over.
    #[must_use]
    pub fn open_roots(&self) -> usize {
        self.last.len()
    }
}

/// Sets an endpoint's last `seq`; gives the one before.
fn set(lanes: &mut Vec<(WebhookId, u64)>, endpoint: WebhookId, seq: u64) -> u64 {
    match lanes.iter_mut().find(|(id, _)| *id == endpoint) {
        Some((_, last)) => std::mem::replace(last, seq),
        None => {
            lanes.push((endpoint, seq));
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use offhook_base::Wall;

    use super::*;
    use crate::endpoint::{DisabledReason, EndpointState};
    use crate::engine::testing;

    fn event(name: EventName, context: &str) -> EventRecord {
        EventRecord {
            name,
            context: Arc::from(context),
            ..testing::event(1, Some(1))
        }
    }

    fn endpoint(events: &[&str], contexts: &[&str]) -> Endpoint {
        let mut endpoint = testing::endpoint(1);
        endpoint.events = events.iter().map(|&event| event.to_owned()).collect();
        endpoint.contexts = contexts.iter().map(|&context| context.to_owned()).collect();
        endpoint
    }

    fn wants(events: &[&str], contexts: &[&str], name: EventName, context: &str) -> bool {
        Subscriptions::new(true, [&endpoint(events, contexts)])
            .route(&event(name, context))
            .next()
            .is_some()
    }

    #[test]
    fn state_change_covers_every_call_event_but_dtmf_in_every_context() {
        for &name in EventName::ALL {
            let covered = name.as_str().starts_with("call.") && name != EventName::CallDtmf
                || name == EventName::WebhookDisabled;
            for context in ["LOCAL_USER", "QUEUE", "RG-1", "ENDPOINT", "VM", "IVR"] {
                assert_eq!(
                    wants(&["call.state_change"], &[], name, context),
                    covered,
                    "{name} {context}"
                );
            }
        }
    }

    #[test]
    fn a_single_category_gets_local_user_events_unless_contexts_names_others() {
        use EventName::{CallDtmf, CallHangup, CallMissed};
        assert!(wants(&["call.missed"], &[], CallMissed, "LOCAL_USER"));
        assert!(!wants(&["call.missed"], &[], CallMissed, "QUEUE"));
        assert!(!wants(&["call.missed"], &[], CallHangup, "LOCAL_USER"));
        assert!(wants(&["call.missed"], &["QUEUE"], CallMissed, "QUEUE"));
        assert!(!wants(
            &["call.missed"],
            &["QUEUE"],
            CallMissed,
            "LOCAL_USER"
        ));
        assert!(wants(&["call.ended"], &[], CallHangup, "LOCAL_USER"));
        assert!(wants(&["call.hangup"], &["RG"], CallHangup, "RG-12"));
        assert!(wants(&["call.hangup"], &["RG-12"], CallHangup, "RG-12"));
        assert!(!wants(&["call.hangup"], &["RG-1"], CallHangup, "RG-12"));
        assert!(wants(&["call.dtmf"], &[], CallDtmf, "LOCAL_USER"));
        assert!(!wants(&["call.dtmf"], &[], CallDtmf, "QUEUE"));
        let keys_too = &["call.state_change", "call.dtmf"];
        assert!(wants(keys_too, &[], CallDtmf, "QUEUE"));
        assert!(!wants(
            &["call.state_change"],
            &["LOCAL_USER"],
            CallMissed,
            "QUEUE"
        ));
        assert!(wants(
            &["call.state_change", "call.missed"],
            &[],
            CallMissed,
            "QUEUE"
        ));
    }

    #[test]
    fn what_is_not_a_call_event_is_had_by_its_name_in_any_context() {
        assert!(wants(&["sms.received"], &[], EventName::SmsReceived, ""));
        assert!(wants(
            &["sms.received"],
            &["QUEUE"],
            EventName::SmsReceived,
            ""
        ));
        assert!(wants(
            &["queue.wrapup"],
            &[],
            EventName::QueueWrapup,
            "QUEUE"
        ));
        assert!(wants(
            &["monitor.audio_ready"],
            &[],
            EventName::MonitorAudioReady,
            "QUEUE"
        ));
        assert!(!wants(
            &["monitor.audio_ready"],
            &["LOCAL_USER"],
            EventName::MonitorAudioReady,
            "QUEUE"
        ));
        assert!(!wants(&["call.nothing"], &[], EventName::SmsReceived, ""));
    }

    #[test]
    fn what_is_switched_off_gets_nothing_and_what_we_disabled_is_held() {
        let event = event(EventName::CallMissed, "LOCAL_USER");
        let on = endpoint(&["call.missed"], &[]);
        let off = Endpoint {
            active: false,
            ..on.clone()
        };
        let mut disabled = on.clone();
        disabled.health.state = EndpointState::Disabled(DisabledReason::Failing);
        assert_eq!(Subscriptions::new(false, [&on]).route(&event).count(), 0);
        assert_eq!(Subscriptions::new(true, [&off]).route(&event).count(), 0);
        assert_eq!(
            Subscriptions::new(true, [&on, &disabled])
                .route(&event)
                .map(|(_, held)| held)
                .collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn a_refusal_names_the_first_thing_that_stands_against_it() {
        let refusal = |enabled, endpoint: &Endpoint, name, context| {
            endpoint.wishes().refusal(enabled, &event(name, context))
        };
        let on = endpoint(&["call.missed"], &["QUEUE"]);
        let off = Endpoint {
            active: false,
            ..on.clone()
        };
        let mut disabled = on.clone();
        disabled.health.state = EndpointState::Disabled(DisabledReason::Failing);
        use EventName::{CallMissed, CallRinging, WebhookDisabled};
        for (enabled, endpoint, name, context, expected) in [
            (true, &on, CallMissed, "QUEUE", None),
            (true, &disabled, CallMissed, "QUEUE", None),
            (true, &on, CallMissed, "LOCAL_USER", Some(Refusal::Context)),
            (true, &on, CallRinging, "LOCAL_USER", Some(Refusal::Event)),
            (true, &off, CallRinging, "QUEUE", Some(Refusal::Inactive)),
            (
                false,
                &off,
                CallMissed,
                "QUEUE",
                Some(Refusal::IntegrationOff),
            ),
            (true, &disabled, WebhookDisabled, "", Some(Refusal::Unheld)),
        ] {
            assert_eq!(
                refusal(enabled, endpoint, name, context),
                expected,
                "{name} {context}"
            );
        }
    }

    #[test]
    fn prev_seq_names_the_previous_event_meant_for_this_endpoint() {
        let all = endpoint(&["call.state_change"], &[]);
        let few = Endpoint {
            id: WebhookId(2),
            ..endpoint(&["call.connected", "call.ended"], &[])
        };
        let mut router = Router::new(Subscriptions::new(true, [&all, &few]));
        let life = [
            EventName::CallInitial,
            EventName::CallRinging,
            EventName::CallConnected,
            EventName::CallHangup,
        ];
        let mut seen = Vec::new();
        for (seq, name) in (1..).zip(life) {
            let mut routes = Vec::new();
            let record = EventRecord {
                seq: Some(seq),
                is_final: seq == 4,
                at: Wall(1),
                ..event(name, "LOCAL_USER")
            };
            router.route(&record, &mut routes);
            seen.extend(
                routes
                    .iter()
                    .map(|route| (seq, route.endpoint.0, route.prev_seq)),
            );
        }
        assert_eq!(
            seen,
            [
                (1, 1, 0),
                (2, 1, 1),
                (3, 1, 2),
                (3, 2, 0),
                (4, 1, 3),
                (4, 2, 3)
            ]
        );
        assert_eq!(router.open_roots(), 0);
    }

    #[test]
    fn a_restart_goes_on_with_what_the_journal_knows() {
        let mut router = Router::new(Subscriptions::new(
            true,
            [&endpoint(&["call.state_change"], &[])],
        ));
        router.restore(CallId(1), WebhookId(1), 3);
        let mut routes = Vec::new();
        router.route(
            &EventRecord {
                seq: Some(4),
                ..event(EventName::CallHangup, "LOCAL_USER")
            },
            &mut routes,
        );
        assert_eq!(
            routes,
            [Route {
                endpoint: WebhookId(1),
                prev_seq: 3,
                held: false
            }]
        );
    }
}
