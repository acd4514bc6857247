//! Every operation there is.

/// What an operation answers when it succeeds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// 200 with octets of this content type.
    Binary(&'static str),
    /// 201 with one resource in its envelope.
    Created(&'static str),
    /// 204.
    Gone,
    /// 200 with a page of resources.
    List(&'static str),
    /// 200 with one resource in its envelope.
    One(&'static str),
    /// 200 with a body of its own shape.
    Plain(&'static str),
    /// 200 with a text of this content type.
    Text(&'static str),
}

/// One method of one path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// Names of query parameters.
    pub(super) query: &'static [&'static str],
    /// Schema of the request's body; one that ends in `Options` may be left out.
    pub(super) body: Option<&'static str>,
    pub(super) answer: Answer,
    /// Statuses besides those that any operation may have.
    pub(super) refusals: &'static [u16],
    /// Needs no token.
    pub(super) open: bool,
    /// Lies outside the base paths.
    pub(super) at_root: bool,
}

const LIST: &[&str] = &["filter", "sort", "dir", "page", "limit"];
const WRITE: &[u16] = &[409, 413, 415];

pub(super) const fn get(path: &'static str, summary: &'static str, answer: Answer) -> Operation {
    Operation {
        method: "get",
        path,
        summary,
        query: &[],
        body: None,
        answer,
        refusals: &[],
        open: false,
        at_root: false,
    }
}

pub(super) const fn list(
    path: &'static str,
    summary: &'static str,
    schema: &'static str,
) -> Operation {
    Operation {
        query: LIST,
        ..get(path, summary, Answer::List(schema))
    }
}

pub(super) const fn write(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    body: &'static str,
    answer: Answer,
) -> Operation {
    Operation {
        method,
        body: Some(body),
        refusals: WRITE,
        ..get(path, summary, answer)
    }
}

pub(super) const fn remove(path: &'static str, summary: &'static str) -> Operation {
    Operation {
        method: "delete",
        refusals: &[409],
        ..get(path, summary, Answer::Gone)
    }
}

const fn open(operation: Operation) -> Operation {
    Operation {
        open: true,
        at_root: true,
        ..operation
    }
}

const TEXT: Answer = Answer::Text("text/plain; charset=utf-8");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        open: true,
        refusals: &[400, 401, 413, 415, 429, 503],
        ..write(
            "post",
            "/login",
            "Log in",
            "Login",
            Answer::Plain("LoginAnswer"),
        )
    },
    Operation {
        open: true,
        refusals: &[400, 401, 403, 413, 415, 429, 503],
        ..write(
            "post",
            "/session",
            "Log in by password or ticket; the answer sets the cookie. Needs the header X-Offhook-CSRF: 1",
            "NewSession",
            Answer::Gone,
        )
    },
    remove("/session", "Log out: the session ends, API tokens stay"),
    get("/ping", "Check a token", Answer::Plain("Pong")),
    get("/me", "Whose token this is", Answer::One("Me")),
    list("/apitokens", "Your API tokens", "ApiToken"),
    write(
        "post",
        "/apitokens",
        "Make an API token; it is told only here",
        "NewApiToken",
        Answer::Created("MadeApiToken"),
    ),
    remove(
        "/apitokens/{id}",
        "Remove an API token, by its id or by itself",
    ),
    list("/users", "Users", "User"),
    write(
        "post",
        "/users",
        "Make a user",
        "NewUser",
        Answer::Created("User"),
    ),
    get("/users/{id}", "A user", Answer::One("User")),
    write(
        "patch",
        "/users/{id}",
        "Alter a user",
        "UserPatch",
        Answer::One("User"),
    ),
    remove("/users/{id}", "Remove users with their phones and tokens"),
    list("/phones", "Phones", "Phone"),
    write(
        "post",
        "/phones",
        "Make a phone; its password is told only here",
        "NewPhone",
        Answer::Created("MadePhone"),
    ),
    get("/phones/{id}", "A phone", Answer::One("Phone")),
    write(
        "patch",
        "/phones/{id}",
        "Alter a phone",
        "PhonePatch",
        Answer::One("Phone"),
    ),
    remove("/phones/{id}", "Remove phones"),
    write(
        "post",
        "/phones/{id}/reset",
        "Give a phone a new password; it is told only here",
        "NoOptions",
        Answer::One("MadePhone"),
    ),
    get(
        "/integrations/webhooks",
        "Whether webhooks are sent at all",
        Answer::One("Integration"),
    ),
    write(
        "patch",
        "/integrations/webhooks",
        "Switch all webhooks on or off",
        "IntegrationPatch",
        Answer::One("Integration"),
    ),
    list("/webhooks", "Webhooks", "Webhook"),
    get(
        "/webhooks/activity",
        "Deliveries that ended in each of the last 24 hours, by webhook",
        Answer::List("WebhookActivity"),
    ),
    write(
        "post",
        "/webhooks",
        "Make a webhook after its address answered webhook.test with 2xx",
        "NewWebhook",
        Answer::Created("MadeWebhook"),
    ),
    get("/webhooks/{id}", "A webhook", Answer::One("Webhook")),
    write(
        "patch",
        "/webhooks/{id}",
        "Alter a webhook; a changed address is tried out first",
        "WebhookPatch",
        Answer::One("Webhook"),
    ),
    remove(
        "/webhooks/{id}",
        "Remove webhooks; what waits for them becomes failed",
    ),
    write(
        "post",
        "/webhooks/{id}/test",
        "Send webhook.test",
        "NoOptions",
        Answer::One("TestResult"),
    ),
    write(
        "post",
        "/webhooks/{id}/rotate-secret",
        "Give a webhook a new secret; it is told only here",
        "RotateOptions",
        Answer::One("MadeWebhook"),
    ),
    write(
        "post",
        "/webhooks/{id}/recover",
        "Send past events again",
        "Recover",
        Answer::One("Recovered"),
    ),
    list("/calls", "Calls that are up", "Call"),
    Operation {
        refusals: &[409, 412, 413, 415],
        ..write(
            "post",
            "/calls",
            "Call a user's phones, by default your own, and then a number; `from` is the id of the user, `caller_id` may be `anonymous`",
            "NewCall",
            Answer::Created("Call"),
        )
    },
    get("/calls/{id}", "A call that is up", Answer::One("Call")),
    write(
        "patch",
        "/calls/{id}",
        "Transfer a call (`dst`; `party` chooses the side that is moved; the answer is the new call), or hold, resume or answer it \
         (`state`: ON_HOLD, CONNECTED)",
        "CallPatch",
        Answer::One("Call"),
    ),
    remove("/calls/{id}", "Hang up"),
    get(
        "/calls/{id}/flow",
        "The ladder of a call",
        Answer::Plain("Flow"),
    ),
    get(
        "/calls/{id}/flow.json",
        "The ladder of a call",
        Answer::Plain("Flow"),
    ),
    get(
        "/calls/{id}/flow.pcap",
        "The SIP messages of a call as a packet trace, a pcapng file",
        Answer::Binary("application/vnd.tcpdump.pcap"),
    ),
    get(
        "/calls/{id}/flow.svg",
        "The ladder of a call, drawn as a picture",
        Answer::Text("image/svg+xml"),
    ),
    Operation {
        query: &["width"],
        ..get(
            "/calls/{id}/flow.txt",
            "The ladder of a call, drawn as text",
            TEXT,
        )
    },
    Operation {
        query: &["filter", "sort", "dir", "page", "limit", "include"],
        ..list("/cdrs", "Calls that are over", "Cdr")
    },
    Operation {
        query: LIST,
        ..get(
            "/cdrs.csv",
            "Calls that are over, as a table",
            Answer::Text("text/csv; charset=utf-8"),
        )
    },
    Operation {
        query: &["include"],
        ..get("/cdrs/{id}", "A call that is over", Answer::One("Cdr"))
    },
    get(
        "/cdrs/{id}/flow",
        "The ladder of a call",
        Answer::Plain("Flow"),
    ),
    get(
        "/cdrs/{id}/flow.json",
        "The ladder of a call",
        Answer::Plain("Flow"),
    ),
    get(
        "/cdrs/{id}/flow.pcap",
        "The SIP messages of a call as a packet trace, a pcapng file",
        Answer::Binary("application/vnd.tcpdump.pcap"),
    ),
    get(
        "/cdrs/{id}/flow.svg",
        "The ladder of a call, drawn as a picture",
        Answer::Text("image/svg+xml"),
    ),
    Operation {
        query: &["width"],
        ..get(
            "/cdrs/{id}/flow.txt",
            "The ladder of a call, drawn as text",
            TEXT,
        )
    },
    list("/sms", "Text messages", "Sms"),
    write(
        "post",
        "/sms",
        "Send a text to an extension or a number; 413 beyond 1600 characters",
        "NewSms",
        Answer::Created("Sms"),
    ),
    write(
        "post",
        "/sms/inbound",
        "Hand over a text that a carrier got for a number of ours; causes sms.received",
        "InboundSms",
        Answer::Created("Sms"),
    ),
    get("/sms/{id}", "A text message", Answer::One("Sms")),
    list(
        "/deliveries",
        "What was sent to webhooks, the newest first",
        "Delivery",
    ),
    get(
        "/deliveries/{id}",
        "One delivery with its attempts",
        Answer::One("Delivery"),
    ),
    write(
        "post",
        "/deliveries/{id}/resend",
        "Send a delivery again",
        "NoOptions",
        Answer::One("Delivery"),
    ),
    Operation {
        query: &["after", "call_id", "limit"],
        refusals: &[410],
        ..get(
            "/events",
            "The events themselves, after a cursor",
            Answer::Plain("Events"),
        )
    },
    Operation {
        query: &["after", "call_id", "include"],
        refusals: &[410],
        ..get(
            "/events/stream",
            "The events as they happen (Server-Sent Events); the header Last-Event-ID resumes as `after` does",
            Answer::Text("text/event-stream"),
        )
    },
    open(get(
        "/healthz",
        "Whether the process answers",
        Answer::Plain("Health"),
    )),
    Operation {
        refusals: &[503],
        ..open(get(
            "/readyz",
            "Whether calls can be taken",
            Answer::Plain("Health"),
        ))
    },
    open(get(
        "/openapi.json",
        "This document",
        Answer::Plain("Anything"),
    )),
];
