//! Messages waiting: what the phones of a user are told.

use offhook_base::{PhoneId, UserId};
use offhook_sip_core::{Event, SubscriptionId};

use super::Script;
use crate::MessageCount;

fn subscribed(script: &mut Script, id: u64, phone: u32) {
    script.event(Event::Subscribed {
        subscription: SubscriptionId(id),
        phone: PhoneId(phone),
    });
}

fn count(script: &mut Script, user: u32, new: u32, old: u32) {
    let user = UserId(100_000 + user);
    script
        .pbx
        .handle_message_count(user, MessageCount { new, old });
    script.drain();
}

fn summary(waiting: &str, ext: &str, figures: &str) -> String {
    format!(
        "notify Messages-Waiting: {waiting}\r\nMessage-Account: sip:{ext}@pbx.example\r\nVoice-Message: {figures} (0/0)\r\n"
    )
}

#[test]
fn rfc3842_each_phone_of_a_user_is_told_at_once_and_with_each_change() {
    let mut script = Script::new();
    count(&mut script, 2, 2, 1);
    script.expect(&[]);
    subscribed(&mut script, 1, 2);
    subscribed(&mut script, 2, 3);
    subscribed(&mut script, 3, 4);
    script.expect(&[
        &summary("yes", "2002", "2/1"),
        &summary("yes", "2002", "2/1"),
        &summary("no", "2003", "0/0"),
    ]);
    // The same figures again are no news.
    count(&mut script, 2, 2, 1);
    script.expect(&[]);
    count(&mut script, 2, 0, 3);
    let told = summary("no", "2002", "0/3");
    script.expect(&[&told, &told]);
    let subscription = SubscriptionId(1);
    script.event(Event::Unsubscribed { subscription });
    count(&mut script, 2, 0, 0);
    script.expect(&[&summary("no", "2002", "0/0")]);
}

#[test]
fn who_refreshes_is_told_again_though_nothing_changed() {
    let mut script = Script::new();
    subscribed(&mut script, 1, 2);
    subscribed(&mut script, 1, 2);
    let told = summary("no", "2002", "0/0");
    script.expect(&[&told, &told]);
    count(&mut script, 2, 1, 0);
    script.expect(&[&summary("yes", "2002", "1/0")]);
}
