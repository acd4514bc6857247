//! Recordings of calls, and messages that were left.

use super::operations::{Answer, Operation, get, list, remove, write};

const WAV: Answer = Answer::Binary("audio/wav");
const MP3: Answer = Answer::Binary("audio/mpeg");

/// A file that is answered whole, or in part with 206; 416 when the part lies beyond its end.
const fn sound(path: &'static str, summary: &'static str, answer: Answer) -> Operation {
    Operation {
        refusals: &[416],
        ..get(path, summary, answer)
    }
}

const fn peaks(path: &'static str, summary: &'static str) -> Operation {
    Operation {
        query: &["points"],
        ..get(path, summary, Answer::One("Peaks"))
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    list("/monitors", "Recordings of calls", "Monitor"),
    get("/monitors/{id}", "A recording", Answer::One("Monitor")),
    sound(
        "/monitors/{id}.mp3",
        "Its sound as MP3, `size` octets; a header Range is answered by 206",
        MP3,
    ),
    sound(
        "/monitors/{id}.wav",
        "Its sound as it was recorded, `size_wav` octets; a header Range is answered by 206",
        WAV,
    ),
    peaks(
        "/monitors/{id}/peaks",
        "Its outline: per channel the lowest and the highest sample of each piece by turns, -32768 to 32767",
    ),
    remove("/monitors/{id}", "Remove recordings with their files"),
    list(
        "/voicemessages",
        "Messages that were left for users",
        "VoiceMessage",
    ),
    get(
        "/voicemessages/{id}",
        "A message",
        Answer::One("VoiceMessage"),
    ),
    sound("/voicemessages/{id}.mp3", "Its sound as MP3", MP3),
    sound(
        "/voicemessages/{id}.wav",
        "Its sound as it was recorded",
        WAV,
    ),
    peaks("/voicemessages/{id}/peaks", "Its outline"),
    write(
        "patch",
        "/voicemessages/{id}",
        "Mark a message as heard, or as new",
        "VoiceMessagePatch",
        Answer::One("VoiceMessage"),
    ),
    remove("/voicemessages/{id}", "Remove messages with their files"),
];

pub(super) const SCHEMAS: &[(&str, &str)] = &[
    (
        "Monitor",
        "id:int live_id:int cdr_id:int? user_id:int? timestamp:time caller:str called:str duration:int type:str size:int context:str \
         size_wav:int channels:int cut:bool",
    ),
    ("Peaks", "channels:[any] points:int duration:num"),
    (
        "VoiceMessage",
        "id:int user_id:int? origtime:time caller:str dialled:str duration:int folder:str is_new:bool",
    ),
    ("VoiceMessagePatch", "is_new:bool"),
];
