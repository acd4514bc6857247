//! Users, phones, a queue, a ring group, a trunk and a webhook, made through the public REST API by the admin.

use std::net::SocketAddr;

use anyhow::Context;
use offhook_base::Secret;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::cli::client::Client;

/// Who is there: first name and extension.
const PEOPLE: [(&str, &str); 8] = [
    ("Alice", "1001"),
    ("Bob", "1002"),
    ("Carol", "1003"),
    ("Dave", "1004"),
    ("Erin", "1005"),
    ("Frank", "1006"),
    ("Grace", "1007"),
    ("Heidi", "1008"),
];

/// Who lets callers leave a message, and after how many seconds.
pub(super) const ABSENT: &str = "1008";
const PATIENCE: u32 = 6;
/// The queue, and who takes its calls, in this order.
const SUPPORT: &str = "4000";
const AGENTS: [&str; 2] = ["1005", "1006"];
/// The ring group, and whose phones ring.
pub(super) const SALES: &str = "3000";
const MEMBERS: [&str; 2] = ["1007", "1008"];
/// The number of the queue in the world outside, and what outsiders see of us.
pub(super) const NUMBER: &str = "34910004000";

/// What a phone needs to register.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: &'static str,
    pub(super) ext: &'static str,
    /// The user's id.
    pub(super) user: u64,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) domain: String,
}

/// Who signs in.
pub(super) const ADMIN: &str = "admin@localhost";

/// How to see the web page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// Signs a browser in, once.
    pub(super) link: String,
    /// Password of [`ADMIN`].
    pub(super) password: &'a str,
}

/// The server as set up.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) accounts: Vec<Account>,
    pub(super) client: Client,
    url: String,
    token: String,
}

impl Site {
    pub(super) async fn build(
        http: SocketAddr,
        password: &str,
        receiver: &Receiver,
        carrier: Option<SocketAddr>,
    ) -> anyhow::Result<Self> {
        let url = format!("http://{http}");
        let visitor = Client::new(&url, None)?;
        let login = visitor
            .post("/login", &json!({"email": ADMIN, "password": password}))
            .await?;
        let token = text(&login, "user_token")?;
        let client = Client::new(&url, Some(Secret::new(token)))?;
        // The token of a login lapses after half an hour without use; this one is for the visitor's curl.
        let made = client.post("/apitokens", &json!({"name": "demo"})).await?;
        let token = text(data(&made)?, "token")?;
        let client = Client::new(&url, Some(Secret::new(token.clone())))?;

        let mut accounts = Vec::new();
        for (name, ext) in PEOPLE {
            accounts.push(account(&client, name, ext).await?);
        }
        let queue = groups(&client, &accounts).await?;
        if let Some(carrier) = carrier {
            trunk(&client, carrier, &queue).await?;
        }
        client
            .patch("/integrations/webhooks", &json!({"enabled": true}))
            .await?;
        let webhook = json!({
            "name": "demo receiver",
            "url": receiver.url(),
            "events": ["call.state_change", "queue.wrapup", "monitor.audio_ready"],
            "secret": receiver.secret(),
        });
        client.post("/webhooks", &webhook).await?;
        Ok(Self {
            accounts,
            client,
            url,
            token,
        })
    }

    /// What a visitor needs to know.
    pub(super) fn welcome(&self, sip: SocketAddr, receiver: &Receiver, page: &Page<'_>) -> String {
        let Self { url, token, .. } = self;
        let people: Vec<String> = self
            .accounts
            .iter()
            .map(|account| format!("{} {}", account.name, account.ext))
            .collect();
        let base = receiver.base();
        // The very binary that runs, wherever it stands.
        let offhook = std::env::current_exe()
            .map_or_else(|_| "offhook".to_owned(), |path| path.display().to_string());
        format!(
            "Offhook demo: everything runs on this machine only, and nothing of it stays. Ctrl-C stops it.\n\
             \n\
             page      {link}   (signs you in, once)\n\
             later     {ADMIN}, password {password}\n\
             phones    {people}, each on a UDP port of its own, registered at {sip}\n\
             groups    queue Support {SUPPORT} (Erin, Frank), ring group Sales {SALES} (Grace, Heidi)\n\
             receiver  {base}, checks each signature before it answers\n\
             REST      {url}/v1.1\n\
             \n\
             Look at it from a second terminal:\n\
             \n\
             export OFFHOOK_URL={url} OFFHOOK_TOKEN={token}\n\
             curl -H \"X-Auth-Token: $OFFHOOK_TOKEN\" $OFFHOOK_URL/v1.1/calls\n\
             curl -H \"X-Auth-Token: $OFFHOOK_TOKEN\" \"$OFFHOOK_URL/v1.1/cdrs?sort=-calldate&limit=5\"\n\
             {offhook} call list\n\
             {offhook} call show 1 --ladder\n\
             curl -k {base}/fail/3     the receiver answers 500 three times; /fail: until /ok\n",
            link = page.link,
            password = page.password,
            people = people.join(", "),
        )
    }
}

async fn account(
    client: &Client,
    name: &'static str,
    ext: &'static str,
) -> anyhow::Result<Account> {
    let user = json!({
        "first_name": name,
        "email": format!("{}@demo.invalid", name.to_lowercase()),
        "ext": ext,
        "role": "user",
        "voicemail": ext == ABSENT,
        "voicemail_after": PATIENCE,
    });
    let user = client.post("/users", &user).await?;
    let user_id = data(&user)?
        .get("id")
        .and_then(Value::as_u64)
        .context("the user has no id")?;
    let phone = client
        .post(
            "/phones",
            &json!({"user_id": user_id, "display_name": name}),
        )
        .await?;
    let phone = data(&phone)?;
    Ok(Account {
        name,
        ext,
        user: user_id,
        username: text(phone, "username")?,
        password: text(phone, "password")?,
        domain: text(phone, "sip_domain")?,
    })
}

/// The queue and the ring group; gives the id of the queue.
async fn groups(client: &Client, accounts: &[Account]) -> anyhow::Result<Value> {
    let users = |exts: &[&str]| -> Vec<u64> {
        let mine = accounts
            .iter()
            .filter(|account| exts.contains(&account.ext));
        mine.map(|account| account.user).collect()
    };
    let sales = json!({"name": "Sales", "number": SALES, "users": users(&MEMBERS)});
    client.post("/ringgroups", &sales).await?;
    let support = json!({
        "name": "Support",
        "number": SUPPORT,
        "ring_strategy": "O",
        "wrap_up_time": 3,
        "users": users(&AGENTS),
    });
    let queue = client.post("/queues", &support).await?;
    let id = data(&queue)?.get("id").cloned();
    id.context("the queue has no id")
}

/// A way to the world outside, and a number there that reaches the queue.
async fn trunk(client: &Client, carrier: SocketAddr, queue: &Value) -> anyhow::Result<()> {
    let trunk = json!({
        "name": "Carrier",
        "host": carrier.ip(),
        "port": carrier.port(),
        "caller_id": NUMBER,
    });
    client.post("/trunks", &trunk).await?;
    let number = json!({"e164": NUMBER, "target_type": "queue", "target_id": queue});
    client.post("/ddis", &number).await?;
    Ok(())
}

fn data(answer: &Value) -> anyhow::Result<&Value> {
    answer.get("data").context("the answer has no data")
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    let text = value.get(key).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("the answer has no {key}"))?
        .to_owned())
}
