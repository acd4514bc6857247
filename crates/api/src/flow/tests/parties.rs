//! Which addresses are one column.

use super::*;

/// A call of 2001 whose leg A goes on from the second address, and forks to two phones of 2002.
fn moved(caller: [&str; 2], called: [&str; 2]) -> Flow {
    let mut script = Script::default();
    script.line(0, "A", true, "INVITE", "1 INVITE", "");
    script.line(1, "B1", false, "INVITE", "1 INVITE", "");
    script.line(2, "B2", false, "INVITE", "1 INVITE", "");
    script.line(9, "A", true, "BYE", "2 BYE", "");
    let addresses = [caller[0], called[0], called[1], caller[1]];
    for (message, address) in script.0.messages.iter_mut().zip(addresses) {
        message.remote = address.parse().unwrap();
    }
    let extensions = [("2001", "101"), ("2002", "102")];
    script.0.extensions = extensions
        .map(|(name, extension)| (name.to_owned(), extension.to_owned()))
        .into();
    script.flow()
}

fn heads(flow: &Flow) -> Vec<(&str, &str)> {
    let hosts = flow.columns.iter();
    hosts
        .filter(|column| column.kind == ColumnKind::Host)
        .map(|column| (&*column.alias, &*column.address))
        .collect()
}

#[test]
fn a_phone_that_goes_on_from_another_port_keeps_its_column() {
    let flow = moved(
        ["[::1]:5062", "[::1]:40000"],
        ["10.0.0.1:5060", "10.0.0.2:5060"],
    );
    assert_eq!(
        heads(&flow)[..2],
        [
            ("101", "[::1]:5062, [::1]:40000"),
            ("Offhook", "127.0.0.1:5060")
        ]
    );
    assert_eq!((&*flow.rows[0].from, &*flow.rows[3].from), ("h1", "h1"));
}

#[test]
fn two_phones_of_one_user_behind_one_address_are_two() {
    let flow = moved(
        ["[::1]:5062", "[::1]:5062"],
        ["10.0.0.1:5060", "10.0.0.1:5062"],
    );
    assert_eq!(
        heads(&flow)[2..],
        [("102", "10.0.0.1:5060"), ("102", "10.0.0.1:5062")]
    );
}

#[test]
fn another_machine_is_another_column_and_so_is_an_unknown_name() {
    let flow = moved(
        ["10.0.0.3:5062", "10.0.0.4:5062"],
        ["10.0.0.1:5060", "10.0.0.2:5060"],
    );
    assert_eq!(
        heads(&flow)[..2],
        [("101", "10.0.0.3:5062"), ("101", "10.0.0.4:5062")]
    );
    let mut script = answered();
    script.0.messages[1].remote = "127.0.0.1:40000".parse().unwrap();
    assert_eq!(script.flow().columns[0].alias, "2001");
    assert_eq!(script.flow().columns[1].address, "127.0.0.1:40000");
}
