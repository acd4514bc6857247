//! Operations and shapes of trunks, numbers, ring groups and queues.

use super::WAV_FILE;
use super::operations::{Answer, Operation, get, list, remove, write};

pub(super) const OPERATIONS: &[Operation] = &[
    list(
        "/trunks",
        "Trunks, the ways to the outside world; not to be filtered by transport, mode, state or last_error",
        "Trunk",
    ),
    write(
        "post",
        "/trunks",
        "Make a trunk; only mode ip over udp is supported yet",
        "NewTrunk",
        Answer::Created("Trunk"),
    ),
    get("/trunks/{id}", "A trunk", Answer::One("Trunk")),
    write(
        "patch",
        "/trunks/{id}",
        "Alter a trunk",
        "TrunkPatch",
        Answer::One("Trunk"),
    ),
    remove(
        "/trunks/{id}",
        "Remove trunks; 409 while a number comes by one",
    ),
    list(
        "/ddis",
        "Numbers of ours, and the user, queue or ring group that each reaches",
        "Ddi",
    ),
    write(
        "post",
        "/ddis",
        "Make a number",
        "NewDdi",
        Answer::Created("Ddi"),
    ),
    get("/ddis/{id}", "A number", Answer::One("Ddi")),
    write(
        "patch",
        "/ddis/{id}",
        "Alter a number; target_type and target_id go together",
        "DdiPatch",
        Answer::One("Ddi"),
    ),
    remove("/ddis/{id}", "Remove numbers"),
    with_users(list("/ringgroups", "Ring groups", "RingGroup")),
    write(
        "post",
        "/ringgroups",
        "Make a ring group",
        "NewRingGroup",
        Answer::Created("RingGroup"),
    ),
    with_users(get(
        "/ringgroups/{id}",
        "A ring group",
        Answer::One("RingGroup"),
    )),
    write(
        "patch",
        "/ringgroups/{id}",
        "Alter a ring group; users replaces all members",
        "RingGroupPatch",
        Answer::One("RingGroup"),
    ),
    remove(
        "/ringgroups/{id}",
        "Remove ring groups; 409 while a number leads to one",
    ),
    with_users(list("/queues", "Queues", "Queue")),
    write(
        "post",
        "/queues",
        "Make a queue; times in seconds, 0 for none; a user given as a plain id is logged in",
        "NewQueue",
        Answer::Created("Queue"),
    ),
    with_users(get("/queues/{id}", "A queue", Answer::One("Queue"))),
    Operation {
        query: &["include"],
        ..write(
            "patch",
            "/queues/{id}",
            "Alter a queue. Of users, those listed are added, logged in or out (status), or taken out (remove: true); the others stay. \
             A user who is no admin may change the own status only",
            "QueuePatch",
            Answer::One("Queue"),
        )
    },
    list("/sounds", "Sounds of the library", "Sound"),
    Operation {
        query: &["name"],
        ..write(
            "post",
            "/sounds",
            "Put a WAV file of up to 20 MB and 10 minutes into the library: PCM of 8, 16 or 24 bits, A-law or µ-law, \
             mono or stereo, 8 to 48 kHz",
            WAV_FILE,
            Answer::Created("Sound"),
        )
    },
    get(
        "/sounds/{id}",
        "A sound; /sounds/{id}.wav is its file, of 16 bits, mono, 16 kHz",
        Answer::One("Sound"),
    ),
    remove(
        "/sounds/{id}",
        "Remove sounds; 409 while a queue plays one, or it is the music, the greeting or the ring-back",
    ),
    get(
        "/settings",
        "Which sounds are the music of who is held or waits, the greeting of voicemails (null: what is built in), and what a caller hears whose \
         call rings (null: the tone of his phone); and the language of the spoken prompts, en or es",
        Answer::One("Settings"),
    ),
    write(
        "patch",
        "/settings",
        "Choose the music, the greeting, the ring-back, the language: all that are given, or none",
        "SettingsPatch",
        Answer::One("Settings"),
    ),
    remove(
        "/queues/{id}",
        "Remove queues; 409 while a number leads to one",
    ),
    get(
        "/queues/{id}/live",
        "A queue now, and its callers since midnight UTC; for admins and the queue's agents",
        Answer::One("QueueLive"),
    ),
    remove(
        "/queues/{id}/wrapup/{user_id}",
        "End the time that an agent has after a call; one's own, or as admin anybody's",
    ),
];

const fn with_users(operation: Operation) -> Operation {
    Operation {
        query: match operation.answer {
            Answer::List(_) => &["filter", "sort", "dir", "page", "limit", "include"],
            Answer::Binary(_)
            | Answer::Created(_)
            | Answer::Gone
            | Answer::One(_)
            | Answer::Plain(_)
            | Answer::Text(_) => &["include"],
        },
        ..operation
    }
}

pub(super) const SCHEMAS: &[(&str, &str)] = &[
    (
        "Ddi",
        "id:int e164:str trunk_id:int? target_type:str target_id:int",
    ),
    (
        "DdiPatch",
        "e164=str trunk_id=int|str? target_type=str target_id=int|str",
    ),
    (
        "NewDdi",
        "e164:str trunk_id=int|str? target_type:str target_id:int|str",
    ),
    (
        "NewQueue",
        "name:str number:str ring_strategy=str ring_time=int max_wait=int max_length=int wrap_up_time=int announce=int skip_busy=bool \
         music=int? announcement=int? users=[int|QueueUser]",
    ),
    (
        "NewRingGroup",
        "name:str number:str strategy=str ring_time=int users=[int]",
    ),
    (
        "NewTrunk",
        "name:str host:str port=int transport=str mode=str username=str from_domain=str prefix=str strip=int caller_id=str priority=int \
         max_calls=int active=bool",
    ),
    (
        "Queue",
        "id:int name:str number:str ring_strategy:str ring_time:int max_wait:int max_length:int wrap_up_time:int announce:int \
         skip_busy:bool music:int? announcement:int? users:[QueueUser]",
    ),
    (
        "Settings",
        "music:int? greeting:int? ringback:int? language:str",
    ),
    (
        "SettingsPatch",
        "music=int? greeting=int? ringback=int? language=str",
    ),
    (
        "Sound",
        "id:int name:str duration_ms:int size:int created_at:time",
    ),
    ("QueueAgent", "user_id:int name:str state:str"),
    (
        "QueueLive",
        "queue_id:int waiting:int longest_wait:int agents:[QueueAgent] today:QueueToday",
    ),
    (
        "QueuePatch",
        "name=str number=str ring_strategy=str ring_time=int max_wait=int max_length=int wrap_up_time=int announce=int skip_busy=bool \
         music=int? announcement=int? users=[int|QueueUserPatch]",
    ),
    (
        "QueueToday",
        "answered:int abandoned:int missed:int service_level:num?",
    ),
    ("QueueUser", "id:int status:bool"),
    ("QueueUserPatch", "id:int status=bool remove=bool"),
    (
        "RingGroup",
        "id:int name:str number:str strategy:str ring_time:int users:[int]",
    ),
    (
        "RingGroupPatch",
        "name=str number=str strategy=str ring_time=int users=[int]",
    ),
    (
        "Trunk",
        "id:int name:str host:str port:int transport:str mode:str username:str from_domain:str prefix:str strip:int caller_id:str \
         priority:int max_calls:int active:bool state:str last_error:str?",
    ),
    (
        "TrunkPatch",
        "name=str host=str port=int transport=str mode=str username=str from_domain=str prefix=str strip=int caller_id=str priority=int \
         max_calls=int active=bool",
    ),
];
