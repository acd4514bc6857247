//! A ring group of 50 members over 100 phones.

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{PhoneId, RingGroupId, UserId};
use offhook_sip_core::{Binding, BindingKey, Event, LegId};

use super::{A, GroupStrategy, RingGroup, Script, sdp};
use crate::directory::{DirectoryChange, Phone, User};

fn script(members: u32) -> Script {
    let mut script = Script::new();
    let users: Vec<_> = (0..members).map(|n| UserId(200_000 + n)).collect();
    for user in &users {
        let change = DirectoryChange::User(User {
            id: *user,
            ext: format!("5{}", user.0),
            name: "Member".into(),
            active: true,
            dnd: false,
            voicemail: None,
            record: crate::RecordMode::None,
        });
        script.pbx.handle_directory(script.now, change);
        for phone in [user.0 * 2, user.0 * 2 + 1].map(PhoneId) {
            let change = DirectoryChange::Phone(Phone {
                id: phone,
                user: *user,
                display_name: String::new(),
            });
            script.pbx.handle_directory(script.now, change);
            let binding = Binding {
                key: BindingKey("k".into()),
                contact: Bytes::from(format!("sip:{}@192.0.2.7:5060", phone.0)),
                path: Vec::new(),
                peer: super::super::peer(7),
                user_agent: Bytes::new(),
                instance: Bytes::new(),
                expires_at: script.now.wall + Duration::from_secs(3_600),
                call_id: Bytes::from_static(b"reg"),
                cseq: 1,
            };
            script.event(Event::Registered { phone, binding });
        }
    }
    let group = RingGroup {
        id: RingGroupId(7),
        name: "Everybody".into(),
        number: "3000".into(),
        strategy: GroupStrategy::All,
        ring_time: Duration::from_secs(20),
        users,
    };
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::RingGroup(group));
    script.skip();
    script
}

/// All that is done for one call that the last phone of the last member answers.
fn one_call(members: u32) -> usize {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = script(members);
    script.invite("3000", Some(&offer)).commit();
    let invites = script
        .lines
        .iter()
        .filter(|line| line.ends_with("INVITE +sdp"));
    assert_eq!(invites.count(), 2 * members as usize);
    let last = LegId::outgoing(2 * u64::from(members));
    script
        .provisional(last, 180, None)
        .answered(last, Some(&offer))
        .commit();
    script.request(A, 2, "BYE", None).commit();
    assert_eq!(script.pbx.len(), 0);
    assert_eq!(script.last("final"), "true");
    assert_eq!(script.cdrs.len(), members as usize + 1);
    let cancels = script
        .lines
        .iter()
        .filter(|line| line.ends_with("CANCEL elsewhere"));
    assert_eq!(cancels.count(), 2 * members as usize - 1);
    script.lines.len()
}

#[test]
fn fifty_members_over_a_hundred_phones_ring_and_the_work_is_linear() {
    let (ten, fifty) = (one_call(10), one_call(50));
    // 2 INVITEs, 2 CANCELs and 2 events a member, and what is done once.
    assert_eq!(fifty - ten, 40 * 6);
}
