//! The ports as the tests play them.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::future::pending;
use std::io::Write;
use std::sync::{Arc, Mutex};

use offhook_api::ports::{
    CallControl, CallControlError, CarrierText, ConfigChange, ConfigChanged, DeliveryControl,
    DeliveryControlError, LiveCall, LiveCalls, NewText, Originate, Outline, PortFuture, QueueNow,
    Readiness, Recover, Side, SoundError, Sounds, TestOutcome, TestTarget, TextControl, TextError,
    Transfer, TrunkStates, Verb, WebhookTester,
};
use offhook_base::{
    CallId, DeliveryId, QueueId, RecordingId, RecordingRecord, SmsId, TrunkId, UserId, WebhookId,
};

/// What the test tells the API, and what the API told the test.
#[derive(Default)]
pub struct Played {
    pub live: Mutex<Vec<Arc<LiveCall>>>,
    /// The next answer to a hang-up; without one the call thread never answers.
    pub hangup: Mutex<Option<Result<(), CallControlError>>>,
    pub hung_up: Mutex<Vec<(CallId, UserId)>>,
    /// The other verbs that came, in words.
    pub verbs: Mutex<Vec<String>>,
    /// Why the next of them is refused.
    pub refusal: Mutex<Option<CallControlError>>,
    /// The call that a verb opens; without one it opened 11.
    pub opened: Mutex<Option<CallId>>,
    pub queue: Mutex<QueueNow>,
    pub trunks: Mutex<Vec<(TrunkId, bool, String)>>,
    /// The next answer to a text; 77 when there is none.
    pub text: Mutex<Option<Result<SmsId, TextError>>>,
    pub sent_texts: Mutex<Vec<NewText>>,
    pub carrier_texts: Mutex<Vec<CarrierText>>,
    /// The next outcomes of `webhook.test`; a success when there is none.
    pub outcomes: Mutex<VecDeque<TestOutcome>>,
    pub tested: Mutex<Vec<TestTarget>>,
    /// The octets of a recording's `.wav` and `.mp3`; those that are not here are missing, and without octets
    /// for the latter there is no encoder.
    pub sounds: Mutex<BTreeMap<RecordingId, [Vec<u8>; 2]>>,
    /// The sounds that were asked for, in words.
    pub sounds_asked: Mutex<Vec<String>>,
    pub resent: Mutex<Vec<DeliveryId>>,
    pub resend: Mutex<Option<Result<(), DeliveryControlError>>>,
    pub recovered: Mutex<Vec<(WebhookId, Recover)>>,
    pub changes: Mutex<Vec<ConfigChange>>,
    pub faults: Mutex<Vec<String>>,
}

impl Played {
    /// The changes that were told since the last call, each as its name and id.
    pub fn told(&self) -> Vec<String> {
        let changes = std::mem::take(&mut *self.changes.lock().unwrap());
        changes
            .iter()
            .map(|change| match change {
                ConfigChange::User(user) => {
                    format!("user {} active={} dnd={}", user.id, user.active, user.dnd)
                }
                ConfigChange::UserGone(id) => format!("user {id} gone"),
                ConfigChange::Phone(account) => format!(
                    "phone {} {} enabled={}",
                    account.phone, account.username, account.enabled
                ),
                ConfigChange::PhoneGone(id) => format!("phone {id} gone"),
                ConfigChange::Webhook(webhook) => {
                    format!("webhook {} secrets={}", webhook.id, webhook.secrets.len())
                }
                ConfigChange::WebhookGone(id) => format!("webhook {id} gone"),
                ConfigChange::Trunk(trunk) => {
                    format!("trunk {} {}", trunk.id, trunk.spec.host)
                }
                ConfigChange::TrunkGone(id) => format!("trunk {id} gone"),
                ConfigChange::Ddi(ddi) => format!("ddi {} {}", ddi.id, ddi.spec.e164),
                ConfigChange::DdiGone(id) => format!("ddi {id} gone"),
                ConfigChange::RingGroup(group) => {
                    format!("group {} users={:?}", group.id, group.spec.users)
                }
                ConfigChange::RingGroupGone(id) => format!("group {id} gone"),
                ConfigChange::Queue(queue) => {
                    let agents = queue.spec.users.iter();
                    let agents: Vec<_> = agents
                        .map(|agent| format!("{}={}", agent.id, agent.status))
                        .collect();
                    format!("queue {} {}", queue.id, agents.join(" "))
                }
                ConfigChange::QueueGone(id) => format!("queue {id} gone"),
                ConfigChange::Sound(id, clip) => {
                    format!("sound {id} {} {} ms", clip.name(), clip.duration_ms())
                }
                ConfigChange::SoundGone(id) => format!("sound {id} gone"),
                ConfigChange::Language(language) => format!("language {}", language.name()),
                ConfigChange::SoundChosen(of, id) => format!("{} {id:?}", of.name()),
                ConfigChange::Messages(user) => format!("messages of {user}"),
                ConfigChange::IntegrationEnabled(enabled) => format!("integration {enabled}"),
            })
            .collect()
    }
}

/// One handle for all ports.
#[derive(Clone)]
pub struct Port(pub Arc<Played>);

impl LiveCalls for Port {
    fn all(&self) -> Vec<Arc<LiveCall>> {
        self.0.live.lock().unwrap().clone()
    }

    fn get(&self, id: CallId) -> Option<Arc<LiveCall>> {
        self.all().into_iter().find(|call| call.id == id)
    }

    /// A snapshot is the call's id in words.
    fn read(&self, snapshot: &[u8]) -> Option<Arc<LiveCall>> {
        let id = std::str::from_utf8(snapshot).ok()?.parse().ok()?;
        self.get(CallId(id))
    }
}

impl Port {
    fn sound(&self, kind: usize, of: &RecordingRecord) -> Result<File, SoundError> {
        let name = ["wav", "mp3"][kind];
        let asked = format!("{}.{name}", of.id);
        self.0.sounds_asked.lock().unwrap().push(asked);
        let sounds = self.0.sounds.lock().unwrap();
        let octets = sounds.get(&of.id).ok_or(SoundError::Missing)?;
        if kind == 1 && octets[kind].is_empty() {
            return Err(SoundError::NotBuilt);
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&octets[kind]).unwrap();
        Ok(file)
    }

    /// Takes a verb down, and answers it.
    fn verb<T: Send + 'static>(&self, verb: String, answer: T) -> Verb<'_, T> {
        self.0.verbs.lock().unwrap().push(verb);
        let refusal = self.0.refusal.lock().unwrap().take();
        Box::pin(async move { refusal.map_or(Ok(answer), Err) })
    }

    fn opened(&self) -> CallId {
        self.0.opened.lock().unwrap().unwrap_or(CallId(11))
    }
}

impl CallControl for Port {
    fn hangup(&self, call: CallId, by: UserId) -> Verb<'_, ()> {
        self.0.hung_up.lock().unwrap().push((call, by));
        match self.0.hangup.lock().unwrap().take() {
            Some(answer) => Box::pin(async move { answer }),
            None => Box::pin(pending()),
        }
    }

    fn hold(&self, call: CallId, held: bool, by: UserId) -> Verb<'_, ()> {
        self.verb(format!("hold {call} {held} by {by}"), ())
    }

    fn monitor(&self, call: CallId, on: bool, by: UserId) -> Verb<'_, ()> {
        self.verb(format!("monitor {call} {on} by {by}"), ())
    }

    fn originate(&self, call: Originate) -> Verb<'_, CallId> {
        let shown = call.caller_id.as_deref().unwrap_or("-");
        let verb = format!("originate {} to {} as {shown}", call.user, call.to);
        self.verb(verb, self.opened())
    }

    fn queue_now(&self, queue: QueueId) -> Verb<'_, QueueNow> {
        let now = self.0.queue.lock().unwrap().clone();
        self.verb(format!("queue {queue}"), now)
    }

    fn transfer(&self, transfer: Transfer) -> Verb<'_, CallId> {
        let side = transfer.party.map_or("-", |side| match side {
            Side::Src => "src",
            Side::Dst => "dst",
        });
        let verb = format!("transfer {} to {} {side}", transfer.call, transfer.dst);
        self.verb(verb, self.opened())
    }

    fn wrapup_close(&self, queue: QueueId, agent: UserId) -> Verb<'_, ()> {
        self.verb(format!("wrapup {queue} {agent}"), ())
    }
}

impl TrunkStates for Port {
    fn state(&self, trunk: TrunkId) -> Option<(bool, String)> {
        let known = self.0.trunks.lock().unwrap();
        let of = known.iter().find(|(id, ..)| *id == trunk);
        of.map(|(_, is_up, error)| (*is_up, error.clone()))
    }
}

impl Port {
    fn text(&self) -> PortFuture<'_, Result<SmsId, TextError>> {
        let answer = self.0.text.lock().unwrap().take();
        Box::pin(async move { answer.unwrap_or(Ok(SmsId(77))) })
    }
}

impl TextControl for Port {
    fn send(&self, text: NewText) -> PortFuture<'_, Result<SmsId, TextError>> {
        self.0.sent_texts.lock().unwrap().push(text);
        self.text()
    }

    fn receive(&self, text: CarrierText) -> PortFuture<'_, Result<SmsId, TextError>> {
        self.0.carrier_texts.lock().unwrap().push(text);
        self.text()
    }
}

impl WebhookTester for Port {
    fn test(&self, target: TestTarget) -> PortFuture<'_, TestOutcome> {
        self.0.tested.lock().unwrap().push(target);
        let outcome = self
            .0
            .outcomes
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_default();
        Box::pin(async move { outcome })
    }
}

impl DeliveryControl for Port {
    fn resend(&self, delivery: DeliveryId) -> PortFuture<'_, Result<(), DeliveryControlError>> {
        self.0.resent.lock().unwrap().push(delivery);
        let answer = self.0.resend.lock().unwrap().take().unwrap_or(Ok(()));
        Box::pin(async move { answer })
    }

    fn recover(
        &self,
        webhook: WebhookId,
        which: Recover,
    ) -> PortFuture<'_, Result<u64, DeliveryControlError>> {
        self.0.recovered.lock().unwrap().push((webhook, which));
        Box::pin(async { Ok(7) })
    }
}

impl ConfigChanged for Port {
    fn config_changed(&self, change: ConfigChange) {
        self.0.changes.lock().unwrap().push(change);
    }
}

impl Readiness for Port {
    fn faults(&self) -> Vec<String> {
        self.0.faults.lock().unwrap().clone()
    }
}

impl Sounds for Port {
    fn wav(&self, of: RecordingRecord) -> PortFuture<'_, Result<File, SoundError>> {
        let file = self.sound(0, &of);
        Box::pin(async move { file })
    }

    fn mp3(&self, of: RecordingRecord) -> PortFuture<'_, Result<File, SoundError>> {
        let file = self.sound(1, &of);
        Box::pin(async move { file })
    }

    fn outline(
        &self,
        of: RecordingRecord,
        points: u32,
    ) -> PortFuture<'_, Result<Arc<Outline>, SoundError>> {
        let there = self.sound(0, &of);
        let outline = Outline {
            channels: vec![vec![-1, 1], vec![-32_768, 32_767]],
            points: points.into(),
        };
        Box::pin(async move { there.map(|_| Arc::new(outline)) })
    }

    fn remove(&self, of: RecordingRecord) -> PortFuture<'_, Result<(), SoundError>> {
        self.0.sounds.lock().unwrap().remove(&of.id);
        let asked = format!("remove {}", of.id);
        self.0.sounds_asked.lock().unwrap().push(asked);
        Box::pin(async { Ok(()) })
    }
}
