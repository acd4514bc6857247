//! What the server provides to the REST surface: live calls, call control, the webhook tester, delivery control.
//!
//! Each is a small trait, so that the surface is tested without a switch, a socket or a receiver.

mod sounds;
mod verbs;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::feed::Feed;
use offhook_base::{
    CallId, DdiId, DeliveryId, Language, PhoneId, QueueId, RingGroupId, Secret, SmsId, SoundId,
    SoundUse, TrunkId, UserId, Wall, WebhookId,
};
use offhook_media_core::Clip;
use offhook_store::{Ddi, PhoneAccount, Queue, RingGroup, Trunk, User, Webhook};

pub use sounds::{Outline, SoundError, Sounds};
pub use verbs::{
    AgentState, CallControl, CallControlError, Originate, QueueNow, Side, Transfer, Verb,
};

/// A future that a port returns; boxed, so that ports can be trait objects.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything the server must hand over.
#[derive(Clone)]
pub struct Ports {
    /// Calls that are up.
    pub live: Arc<dyn LiveCalls>,
    /// Verbs on calls that are up, and on queues.
    pub calls: Arc<dyn CallControl>,
    /// What is known of the trunks.
    pub trunks: Arc<dyn TrunkStates>,
    /// Takes texts.
    pub texts: Arc<dyn TextControl>,
    /// The sound of recordings.
    pub sounds: Arc<dyn Sounds>,
    /// Sends `webhook.test`.
    pub tester: Arc<dyn WebhookTester>,
    /// Sends deliveries again.
    pub deliveries: Arc<dyn DeliveryControl>,
    /// Is told of each change of configuration after it is stored.
    pub config: Arc<dyn ConfigChanged>,
    /// Where the server publishes what happens.
    pub feed: Arc<Feed>,
    /// Whether the server can take calls.
    pub readiness: Arc<dyn Readiness>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

/// A call that is up, with the fields of the contract's `/calls` row except `duration`, which the API counts
/// from `connected_at` when it answers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LiveCall {
    /// `call_id` of its events.
    pub id: CallId,
    /// The root call.
    pub root_id: CallId,
    /// The call that opened this one.
    pub parent_id: Option<CallId>,
    /// `INITIAL`, `RINGING`, `CONNECTED`, `ON_HOLD` …
    pub state: String,
    /// `LOCAL_USER` …
    pub context: String,
    /// `in` or `out`.
    pub destination: String,
    /// Caller id as presented.
    pub clid: String,
    /// Start of the call.
    pub start_time: Wall,
    /// When it was answered.
    pub connected_at: Option<Wall>,
    /// The caller.
    pub src: LiveParty,
    /// The called side.
    pub dst: LiveParty,
    /// State in a queue, empty when in none.
    pub queue_state: String,
    /// Who referred the call, empty when nobody.
    pub referred_by: String,
    /// 1 while it is recorded.
    pub monitor_state: u8,
}

/// One side of a live call; texts are empty when unknown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LiveParty {
    /// Number or extension: `src`, `dst`.
    pub number: String,
    /// Id of the user, queue or group, `"0"` for an outsider: `src_id`, `dst_id`.
    pub id: String,
    /// Name: `src_name`, `dst_name`.
    pub name: String,
    /// User-Agent of its phone: `src_ua`, `dst_ua`.
    pub ua: String,
    /// Codec: `src_codec`, `dst_codec`.
    pub codec: String,
    /// Contact of its phone: `src_contact`, `dst_contact`.
    pub contact: String,
    /// SIP Call-ID of its leg: `src_call_id`, `dst_call_id`.
    pub call_id: String,
}

/// Snapshots of the calls that are up. The server updates it after an event's commit and before its delivery.
pub trait LiveCalls: Send + Sync {
    /// Every call that is up, in any order.
    fn all(&self) -> Vec<Arc<LiveCall>>;
    /// One call, unless it is over.
    fn get(&self, id: CallId) -> Option<Arc<LiveCall>>;
    /// Reads what [`crate::feed::Notice::Call`] carries; `None` when it cannot be read.
    fn read(&self, snapshot: &[u8]) -> Option<Arc<LiveCall>>;
}

/// What is known of the trunks.
pub trait TrunkStates: Send + Sync {
    /// Whether calls can go by it, and what was wrong last (empty for nothing); `None` before anything was tried.
    fn state(&self, trunk: TrunkId) -> Option<(bool, String)>;
}

/// A text that a user sends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewText {
    /// Who asks.
    pub by: UserId,
    /// Whether `by` may write in others' names.
    pub for_others: bool,
    /// Extension or number that it comes from; `None` for the extension of `by`.
    pub from: Option<String>,
    /// Whom to, as dialled.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// A text that a carrier hands over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CarrierText {
    /// Number of the sender.
    pub from: String,
    /// A number of ours.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TextError {
    /// It says nothing.
    Empty,
    /// `from` is nobody of ours, or somebody else.
    NotYours,
    /// It is too long.
    TooLong,
    /// The call thread cannot take it now.
    Unavailable,
    /// Nobody has the number in `to`, and no trunk leads there.
    UnknownNumber,
}

/// Takes texts. Resolves once a text is on the disk; its row is there at once or after the next projection. The API waits
/// 2 s for both and answers 503 after that.
pub trait TextControl: Send + Sync {
    /// A user sends a text.
    fn send(&self, text: NewText) -> PortFuture<'_, Result<SmsId, TextError>>;
    /// A carrier hands over a text.
    fn receive(&self, text: CarrierText) -> PortFuture<'_, Result<SmsId, TextError>>;
}

/// Where a `webhook.test` goes.
#[derive(Clone, Debug)]
pub struct TestTarget {
    /// Id for the event's `webhook_id`; for a webhook that is being created the id it will most likely get.
    pub webhook: WebhookId,
    /// Its address.
    pub url: String,
    /// Headers the admin added.
    pub headers: Vec<(String, String)>,
    /// Secrets to sign with, newest first, each as `whsec_…`.
    pub secrets: Vec<Secret<String>>,
    /// Time for the whole exchange.
    pub timeout: Duration,
}

/// What was sent and what came back.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Exchange {
    /// Headers of our request; the server masks credentials.
    pub request_headers: Vec<(String, String)>,
    /// Body of our request.
    pub request_body: String,
    /// Status of the answer, where one came.
    pub status: Option<u16>,
    /// Headers of the answer.
    pub response_headers: Vec<(String, String)>,
    /// First 64 KiB of the answer's body.
    pub response_body: String,
    /// How long it took.
    pub ms: u64,
}

/// How a `webhook.test` went.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TestOutcome {
    /// Why it counts as failed, in words for the admin (not https, DNS, refused, TLS, timeout, status, address
    /// policy naming `webhooks.allow_networks`); `None` when the receiver answered 2xx.
    pub failure: Option<String>,
    /// The exchange as far as it came.
    pub exchange: Exchange,
}

/// Sends one `webhook.test`, once.
pub trait WebhookTester: Send + Sync {
    /// Sends and reports; never retries.
    fn test(&self, target: TestTarget) -> PortFuture<'_, TestOutcome>;
}

/// Which deliveries of a webhook to send again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recover {
    /// Events from this moment on.
    pub since: Wall,
    /// Events up to this moment.
    pub until: Option<Wall>,
    /// Also those that were delivered; else failed, expired and held ones.
    pub all: bool,
    /// Only count.
    pub dry_run: bool,
}

/// Why deliveries were not sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeliveryControlError {
    /// No such delivery or webhook.
    NotFound,
    /// It is waiting to be sent already.
    Conflict,
    /// The server cannot take it now.
    Unavailable,
}

/// Sends deliveries again, marked `Offhook-Replayed: true`.
pub trait DeliveryControl: Send + Sync {
    /// Queues one delivery again; resolves once that is stored.
    fn resend(&self, delivery: DeliveryId) -> PortFuture<'_, Result<(), DeliveryControlError>>;
    /// Queues many again; answers how many.
    fn recover(
        &self,
        webhook: WebhookId,
        which: Recover,
    ) -> PortFuture<'_, Result<u64, DeliveryControlError>>;
}

/// A change of configuration, with all that the running switch and the delivery engine need of it.
#[derive(Clone, Debug)]
pub enum ConfigChange {
    /// A user was made or altered (also its `dnd` and `active` flags).
    User(User),
    /// A user is gone; its phones were reported gone before.
    UserGone(UserId),
    /// A phone was made, altered, or got a new password; also when its user was switched on or off.
    Phone(PhoneAccount),
    /// A phone is gone.
    PhoneGone(PhoneId),
    /// A webhook was made or altered, or got a new secret.
    Webhook(Webhook),
    /// A webhook is gone: what waits for it becomes failed.
    WebhookGone(WebhookId),
    /// A trunk was made or altered.
    Trunk(Trunk),
    /// A trunk is gone.
    TrunkGone(TrunkId),
    /// A number was made or altered.
    Ddi(Ddi),
    /// A number is gone.
    DdiGone(DdiId),
    /// A ring group was made or altered, or a member is a user no more.
    RingGroup(RingGroup),
    /// A ring group is gone.
    RingGroupGone(RingGroupId),
    /// A queue was made or altered, an agent logged in or out, or is a user no more.
    Queue(Queue),
    /// A queue is gone.
    QueueGone(QueueId),
    /// A message of this user was marked or removed.
    Messages(UserId),
    /// All webhooks were switched on or off.
    IntegrationEnabled(bool),
    /// A sound was put into the library.
    Sound(SoundId, Arc<Clip>),
    /// A sound is gone.
    SoundGone(SoundId),
    /// Another sound was chosen for this; `None`: what is built in.
    SoundChosen(SoundUse, Option<SoundId>),
    /// Callers are spoken to in another language.
    Language(Language),
}

/// Told of each change after its commit, in commit order, from a thread that may not be kept waiting.
pub trait ConfigChanged: Send + Sync {
    /// Takes note; must not block.
    fn config_changed(&self, change: ConfigChange);
}

/// Whether the server can take calls.
pub trait Readiness: Send + Sync {
    /// Empty when ready; else what is wrong, in words fit for an operator.
    fn faults(&self) -> Vec<String>;
}

/// The client's address as the server knows it (behind a trusted proxy: as the proxy tells it). The server
/// adds it to the extensions of each request; login guessing is limited by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientAddr(pub IpAddr);
