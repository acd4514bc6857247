//! The shapes of bodies, one line each: `name:type`, `?` for null too, `|` between two forms, `=` for a field that may be left out.

use serde_json::{Map, Value, json};

const SCHEMAS: &[(&str, &str)] = &[
    ("ApiToken", "id:int name:str created_at:time expiry:int?"),
    (
        "Attempt",
        "n:int at:time ms:int status:int? error:str? request_headers:map response_headers:map response_body:str",
    ),
    (
        "Call",
        "id:int root_id:int parent_id:int? state:str context:str destination:str clid:str start_time:int connected_at:int? duration:int \
         src:str src_id:str src_name:str src_ua:str src_codec:str src_contact:str src_call_id:str dst:str dst_id:str dst_name:str \
         dst_ua:str dst_codec:str dst_contact:str dst_call_id:str queue_state:str referred_by:str monitor_state:int",
    ),
    ("CallPatch", "dst=str party=str state=str monitor_state=int"),
    ("Cause", "q850:int name:str sip:int"),
    (
        "Cdr",
        "id:int call_id:int live_id:int parent_live_id:int? root_live_id:int is_root:bool user_id:int? sip_endpoint_id:int? server_id:int? \
         type:str calldate:time clid:str src:str src_id:str src_name:str src_ua:str src_codec:str dst:str dst_id:str dst_name:str \
         dst_ua:str dst_codec:str duration:int billsec:int disposition:str destination:str context:str t_cause:str info:str rate:num \
         charge:num labels:[any] metadata:str? nb_notes:int terminated_by:str cause:Cause quality:Quality? users=[any] deliveries=DeliveryCounts?",
    ),
    (
        "Delivery",
        "id:int webhook_id:int event_id:str event_name:str call_id:int root_call_id:int seq:int? state:str reason:str? replayed:bool \
         attempts:[Attempt] next_attempt_at:time? body:str",
    ),
    (
        "DeliveryCounts",
        "pending:int delivered:int failed:int expired:int held:int",
    ),
    ("EndedInHour", "at:time delivered:int failed:int"),
    ("Error", "message:str code:str errors:[FieldError]"),
    ("Events", "data:[any] next:str"),
    (
        "Exchange",
        "request_headers:map request_body:str status:int? response_headers:map response_body:str ms:int",
    ),
    ("FieldError", "field:str message:str exchange=Exchange"),
    (
        "Flow",
        "columns:[FlowColumn] rows:[FlowRow] links:[FlowLink] gaps:[FlowGap]",
    ),
    ("FlowColumn", "id:str kind:str alias:str address:str"),
    ("FlowGap", "after:int seconds:num"),
    ("FlowLink", "from:int to:int"),
    (
        "FlowRow",
        "n:int at:str kind:str from:str to:str label:str detail:str call_id:int leg:str? retransmission_of:int? raw:str? delivery_id:int? \
         attempt:int? ms:int? status:int? error:str? \
         cseq:str? transport:str? sdp:str? sent:bool? event:str? context:str? seq:int? note:str? reason:str? quality:Heard?",
    ),
    ("Health", "status:str"),
    ("Heard", "packets:int lost:int jitter_ms:num mos:num?"),
    ("InboundSms", "from:str to:str text:str"),
    ("Integration", "enabled:bool egress_addresses:[str]"),
    ("IntegrationPatch", "enabled:bool"),
    ("Login", "email:str password:str remember_me=any"),
    ("LoginAnswer", "message:str user_token:str user_id:int"),
    (
        "MadeApiToken",
        "id:int name:str created_at:time expiry:int? token:str",
    ),
    (
        "MadePhone",
        "id:int user_id:int username:str display_name:str registered:bool contacts:[str] registrations:[Registration] created_at:time password:str sip_domain:str",
    ),
    (
        "MadeWebhook",
        "id:int name:str url:str events:[str] contexts:[str] active:bool state:str disabled_reason:str? order:str timeout_ms:int headers:map \
         created_at:time last_delivery_at:time? secret:str exchange=Exchange",
    ),
    (
        "Me",
        "id:int email:str first_name:str last_name:str ext:str role:str dnd:bool customer_id:int sip_domain:str",
    ),
    ("NewApiToken", "name:str expiry=int"),
    ("NewCall", "to:str from=int|str caller_id=str"),
    ("NewSession", "email=str password=str ticket=str"),
    ("NewPhone", "user_id:int username=str display_name=str"),
    ("NewSms", "to:str message:str from=str"),
    (
        "NewUser",
        "first_name:str last_name=str email:str ext:str role=str active=bool dnd=bool record=str voicemail=bool voicemail_after=int password=str",
    ),
    (
        "NewWebhook",
        "name:str url:str events:[str] contexts=[str] active=bool order=str timeout_ms=int headers=map secret=str",
    ),
    ("NoOptions", ""),
    (
        "Phone",
        "id:int user_id:int username:str display_name:str registered:bool contacts:[str] registrations:[Registration] created_at:time",
    ),
    ("PhonePatch", "display_name=str"),
    ("Pong", "data:PongData"),
    ("PongData", "response:str"),
    ("Quality", "src:Heard dst:Heard"),
    ("Recover", "since:str until=str only=str dry_run=bool"),
    ("Recovered", "count:int dry_run:bool"),
    (
        "Registration",
        "contact:str user_agent:str address:str transport:str expires_at:time",
    ),
    ("RotateOptions", "secret=str"),
    (
        "Sms",
        "id:int created_at:time from:str to:str type:str message:str status:str",
    ),
    ("TestResult", "delivered:bool reason:str? exchange:Exchange"),
    (
        "User",
        "id:int first_name:str last_name:str email:str ext:str role:str active:bool dnd:bool record:str voicemail:bool voicemail_after:int created_at:time nb_registered:int",
    ),
    ("WebhookActivity", "webhook_id:int hours:[EndedInHour]"),
    (
        "UserPatch",
        "first_name=str last_name=str email=str ext=str role=str active=bool dnd=bool record=str voicemail=bool voicemail_after=int password=str",
    ),
    (
        "Webhook",
        "id:int name:str url:str events:[str] contexts:[str] active:bool state:str disabled_reason:str? order:str timeout_ms:int headers:map \
         created_at:time last_delivery_at:time? exchange=Exchange",
    ),
    (
        "WebhookPatch",
        "name=str url=str events=[str] contexts=[str] active=bool order=str timeout_ms=int headers=map",
    ),
];

const PARAMETERS: &[(&str, &str, &str)] = &[
    (
        "after",
        "string",
        "Cursor from `next`; without one a list begins with the oldest event, the stream with the next",
    ),
    ("call_id", "integer", "Only events of this call"),
    ("dir", "string", "ASC or DESC"),
    (
        "filter",
        "string",
        "JSON array of {property, operator, value}, all of which must hold; operators eq = like gt gte lt lte",
    ),
    (
        "include",
        "string",
        "users, deliveries with CDRs; deliveries, registrations, calls in the event stream; several with commas between",
    ),
    ("limit", "integer", "Rows on a page, 1 to 10000"),
    ("page", "integer", "Page number from 1"),
    (
        "sort",
        "string",
        "A property, with - in front for descending",
    ),
    (
        "points",
        "integer",
        "Pieces of the outline, 1 to 10000; 800 unless given",
    ),
    ("width", "integer", "Columns of the terminal, 40 to 500"),
];

pub(super) fn parameters() -> Value {
    let described = |(name, kind, text): &(&str, &str, &str)| {
        let parameter =
            json!({"name": name, "in": "query", "description": text, "schema": {"type": kind}});
        ((*name).to_owned(), parameter)
    };
    Value::Object(PARAMETERS.iter().map(described).collect())
}

pub(super) fn all() -> Value {
    let mut schemas: Map<String, Value> = SCHEMAS
        .iter()
        .chain(super::recordings::SCHEMAS)
        .chain(super::shared::SCHEMAS)
        .map(|(name, fields)| ((*name).to_owned(), object(fields)))
        .collect();
    schemas.insert("Anything".to_owned(), json!({"type": "object"}));
    Value::Object(schemas)
}

fn object(fields: &str) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields.split_whitespace() {
        let (name, kind) = field.split_once([':', '=']).unwrap_or((field, "any"));
        if field
            .get(name.len()..)
            .is_some_and(|rest| rest.starts_with(':'))
        {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema(kind));
    }
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn schema(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix('?') {
        return json!({"oneOf": [schema(kind), {"type": "null"}]});
    }
    if let Some(items) = kind
        .strip_prefix('[')
        .and_then(|kind| kind.strip_suffix(']'))
    {
        return json!({"type": "array", "items": schema(items)});
    }
    if let Some((one, other)) = kind.split_once('|') {
        return json!({"oneOf": [schema(one), schema(other)]});
    }
    match kind {
        "any" => json!({}),
        "bool" => json!({"type": "boolean"}),
        "int" => json!({"type": "integer"}),
        "map" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        "num" => json!({"type": "number"}),
        "str" => json!({"type": "string"}),
        "time" => {
            json!({"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}$"})
        }
        name => json!({"$ref": format!("#/components/schemas/{name}")}),
    }
}
