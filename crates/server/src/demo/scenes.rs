//! What the phones play, again and again.

use std::time::Duration;

use anyhow::{Context, bail};
use offhook_sim::phone::{AfterRefer, Incoming, Number, Script, TransferOrder};
use serde_json::json;

use super::phones::{Actor, Cast, Outcome};
use super::recording;
use super::screen::Screen;
use super::site::{ABSENT, NUMBER, SALES};
use crate::cli::client::ClientError;

/// One call: who calls which number, and what everybody does.
#[derive(Clone, Debug)]
struct Scene {
    title: &'static str,
    caller: Caller,
    number: &'static str,
    /// What those do whose phones ring.
    called: Vec<(Who, Incoming)>,
    /// What the caller does.
    script: Script,
    /// Final status that the caller's INVITE gets; `None`: it is answered.
    ends_with: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Dials.
    Phone(usize),
    /// Somebody outside dials.
    Outsider,
    /// A program asks by REST for a call of this user's; his phone rings first.
    Program(usize),
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Phone(usize),
    /// Somebody outside.
    Outsider,
}

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;
const DAVE: usize = 3;
const ERIN: usize = 4;
const FRANK: usize = 5;
const GRACE: usize = 6;
const HEIDI: usize = 7;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn hangs_up_after(millis: u64) -> Script {
    Script {
        hangup_after: Some(ms(millis)),
        ..Script::NOTHING
    }
}

/// Played one after the other.
fn simple() -> [Scene; 4] {
    [
        Scene {
            title: "Alice calls Bob. He answers, puts her on hold, comes back; she hangs up.",
            caller: Caller::Phone(ALICE),
            number: "1002",
            called: vec![(
                Who::Phone(BOB),
                Incoming::answer_and(
                    ms(1_000),
                    Script {
                        hold_after: Some(ms(1_500)),
                        unhold_after: Some(ms(3_000)),
                        ..Script::NOTHING
                    },
                ),
            )],
            script: hangs_up_after(4_500),
            ends_with: None,
        },
        Scene {
            title: "Bob calls Carol, who is busy.",
            caller: Caller::Phone(BOB),
            number: "1003",
            called: vec![(Who::Phone(CAROL), Incoming::BUSY)],
            script: Script::NOTHING,
            ends_with: Some(486),
        },
        Scene {
            title: "Bob calls Alice and gives up before she answers.",
            caller: Caller::Phone(BOB),
            number: "1001",
            called: vec![(Who::Phone(ALICE), Incoming::RING)],
            script: Script {
                cancel_after: Some(ms(2_500)),
                ..Script::NOTHING
            },
            ends_with: Some(487),
        },
        Scene {
            title: "Alice dials a number that nobody has.",
            caller: Caller::Phone(ALICE),
            // An international number of four digits: no trunk is asked.
            number: "001999",
            called: vec![],
            script: Script::NOTHING,
            ends_with: Some(404),
        },
    ]
}

/// Those of a whole office, played beside the others by people of their own.
fn office() -> anyhow::Result<[Scene; 5]> {
    let grace = Number::new("1007").context("an extension is too long to be dialled")?;
    let to_grace = Script {
        transfer: Some(TransferOrder {
            after: ms(1_500),
            then: AfterRefer::HangUpWhenAccepted,
            ..TransferOrder::to(grace)
        }),
        ..Script::NOTHING
    };
    Ok([
        Scene {
            title: "Nora, outside, calls the number of Support: Erin declines, Frank answers.",
            caller: Caller::Outsider,
            number: NUMBER,
            called: vec![
                (Who::Phone(ERIN), Incoming::decline(ms(1_000))),
                (Who::Phone(FRANK), Incoming::answer(ms(1_500))),
            ],
            script: hangs_up_after(4_000),
            ends_with: None,
        },
        Scene {
            title: "Heidi calls Frank, who transfers her to Grace without a word.",
            caller: Caller::Phone(HEIDI),
            number: "1006",
            called: vec![
                (Who::Phone(FRANK), Incoming::answer_and(ms(1_000), to_grace)),
                (Who::Phone(GRACE), Incoming::answer(ms(1_000))),
            ],
            script: hangs_up_after(5_000),
            ends_with: None,
        },
        Scene {
            title: "Frank calls Sales: the phones of Grace and Heidi ring, and Grace is faster.",
            caller: Caller::Phone(FRANK),
            number: SALES,
            called: vec![
                (Who::Phone(GRACE), Incoming::answer(ms(1_500))),
                (Who::Phone(HEIDI), Incoming::RING),
            ],
            script: hangs_up_after(3_000),
            ends_with: None,
        },
        Scene {
            title: "A program asks for a call of Erin's to Heidi: her own phone rings first.",
            caller: Caller::Program(ERIN),
            number: "1008",
            called: vec![
                (
                    Who::Phone(ERIN),
                    Incoming::answer_and(ms(1_000), hangs_up_after(4_500)),
                ),
                (Who::Phone(HEIDI), Incoming::answer(ms(1_000))),
            ],
            script: Script::NOTHING,
            ends_with: None,
        },
        Scene {
            title: "Grace calls Nora, who is busy.",
            caller: Caller::Phone(GRACE),
            number: OUTSIDE,
            called: vec![(Who::Outsider, Incoming::BUSY)],
            script: Script::NOTHING,
            ends_with: Some(486),
        },
    ])
}

/// Played beside the others, because a phone rings for half a minute before Offhook gives up.
fn missed() -> Scene {
    Scene {
        title: "Carol calls Dave, who is out: his phone will ring for 30 seconds.",
        caller: Caller::Phone(CAROL),
        number: "1004",
        called: vec![(Who::Phone(DAVE), Incoming::RING)],
        script: Script::NOTHING,
        ends_with: Some(480),
    }
}

/// Played once: one message is enough to listen to.
fn message() -> Scene {
    Scene {
        title: "Carol calls Heidi, who does not answer, and leaves a message.",
        caller: Caller::Phone(CAROL),
        number: ABSENT,
        called: vec![(Who::Phone(HEIDI), Incoming::RING)],
        // The voicemail answers; its greeting and its tone come first.
        script: hangs_up_after(9_000),
        ends_with: None,
    }
}

/// A number of the world outside.
const OUTSIDE: &str = "34600111222";
/// Pause between two scenes.
const PAUSE: Duration = ms(1_000);
/// Before the office begins: the first call is told alone.
const FIRST: Duration = ms(7_000);
/// Time after a call of the queue, in which its agent is left alone.
const WRAP_UP: Duration = ms(4_000);
/// No scene lasts as long.
const TOO_LONG: Duration = Duration::from_secs(90);
/// How often a program looks whether its call is over.
const LOOK: Duration = ms(250);

/// Plays all scenes, once or until stopped.
pub(super) async fn play(cast: Cast, once: bool, screen: Screen) -> anyhow::Result<()> {
    let (simple, office, missed) = (simple(), office()?, missed());
    let main = async {
        loop {
            for scene in &simple {
                scene.play(&cast, once, &screen).await?;
                tokio::time::sleep(PAUSE).await;
            }
            if once {
                return Ok(());
            }
        }
    };
    let office = async {
        tokio::time::sleep(FIRST).await;
        loop {
            for scene in &office {
                scene.play(&cast, once, &screen).await?;
                tokio::time::sleep(PAUSE).await;
            }
            tokio::time::sleep(WRAP_UP).await;
            if once {
                return Ok(());
            }
        }
    };
    let beside = async {
        message().play(&cast, once, &screen).await?;
        loop {
            missed.play(&cast, once, &screen).await?;
            if once {
                return Ok::<(), anyhow::Error>(());
            }
            tokio::time::sleep(PAUSE * 10).await;
        }
    };
    let program = async {
        let recorded = recording::of_one_call(&cast.client, &screen);
        match tokio::time::timeout(TOO_LONG, recorded).await {
            Ok(recorded) => recorded,
            Err(_) if once => bail!("no call could be recorded"),
            Err(_) => {
                screen.note("!! No call could be recorded.").await;
                Ok(())
            }
        }
    };
    tokio::try_join!(main, office, beside, program).map(|_| ())
}

impl Scene {
    /// Plays it. One that did not go as its title says is an end to a demo that plays once, to see that all is well; one
    /// that goes on says so, and does: on a machine with too much to do a call may be refused, and visitors hang up.
    async fn play(&self, cast: &Cast, once: bool, screen: &Screen) -> anyhow::Result<()> {
        match self.perform(cast, screen).await? {
            None => Ok(()),
            Some(complaint) if once => bail!("{} {complaint}", self.title),
            Some(complaint) => {
                screen.note(&format!("!! {} {complaint}", self.title)).await;
                Ok(())
            }
        }
    }

    /// Plays it; says what was not as it should be.
    async fn perform(&self, cast: &Cast, screen: &Screen) -> anyhow::Result<Option<String>> {
        for (who, incoming) in &self.called {
            let called = match who {
                Who::Phone(n) => cast.get(*n)?,
                Who::Outsider => match &cast.carrier {
                    Some(carrier) => carrier.clone(),
                    None => return Ok(None),
                },
            };
            called.expect(*incoming).await?;
        }
        let caller = match self.caller {
            Caller::Phone(n) | Caller::Program(n) => cast.get(n)?,
            Caller::Outsider => match &cast.carrier {
                Some(carrier) => carrier.clone(),
                None => return Ok(None),
            },
        };
        screen.say(format!("\n-- {}", self.title)).await;
        match self.caller {
            Caller::Phone(_) | Caller::Outsider => {
                let call = caller.dial(self.number, self.script);
                let outcome = self.in_time(call).await?;
                Ok(self.judge(&caller, outcome))
            }
            Caller::Program(_) => self.in_time(self.ask_for(cast, &caller)).await,
        }
    }

    async fn in_time<T>(&self, call: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        let outcome = tokio::time::timeout(TOO_LONG, call).await;
        outcome.with_context(|| format!("the scene never ended: {}", self.title))?
    }

    /// Asks for a call by REST, and waits until it is over.
    async fn ask_for(&self, cast: &Cast, caller: &Actor) -> anyhow::Result<Option<String>> {
        let order = json!({"from": caller.user, "to": self.number});
        let made = match cast.client.post("/calls", &order).await {
            Ok(made) => made,
            Err(error @ ClientError::Refused { .. }) => return Ok(Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let id = made.pointer("/data/id").context("the call has no id")?;
        let path = format!("/calls/{id}");
        loop {
            match cast.client.get(&path).await {
                Ok(_) => tokio::time::sleep(LOOK).await,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The same for everybody who looks: it came as the title says, with sound where there was an answer.
    fn judge(&self, caller: &Actor, outcome: Outcome) -> Option<String> {
        let Outcome { status, heard } = outcome;
        if status != self.ends_with {
            let expected = self.ends_with;
            return Some(format!(
                "The call ended with {status:?} instead of {expected:?}."
            ));
        }
        let silent = self.ends_with.is_none() && heard == 0;
        silent.then(|| format!("But {} heard nothing.", caller.name))
    }
}
