//! What the phones play, again and again.

use std::time::Duration;

use anyhow::{Context, bail};
use offhook_sim::phone::{Incoming, Script};

use super::phones::{Actor, Cast, Outcome};
use super::screen::Screen;

/// One call: who dials whom, and what either does.
#[derive(Clone, Copy, Debug)]
struct Scene {
    title: &'static str,
    caller: usize,
    callee: Callee,
    script: Script,
    /// Final status that the caller's INVITE gets; `None`: it is answered.
    ends_with: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Callee {
    Phone(usize, Incoming),
    /// A number that nobody has.
    Nobody(&'static str),
}

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;
const DAVE: usize = 3;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Played one after the other.
const SCENES: [Scene; 4] = [
    Scene {
        title: "Alice calls Bob. He answers, puts her on hold, comes back; she hangs up.",
        caller: ALICE,
        callee: Callee::Phone(
            BOB,
            Incoming::answer_and(
                ms(1_000),
                Script {
                    hold_after: Some(ms(1_500)),
                    unhold_after: Some(ms(3_000)),
                    ..Script::NOTHING
                },
            ),
        ),
        script: Script {
            hangup_after: Some(ms(4_500)),
            ..Script::NOTHING
        },
        ends_with: None,
    },
    Scene {
        title: "Bob calls Carol, who is busy.",
        caller: BOB,
        callee: Callee::Phone(CAROL, Incoming::BUSY),
        script: Script::NOTHING,
        ends_with: Some(486),
    },
    Scene {
        title: "Bob calls Alice and gives up before she answers.",
        caller: BOB,
        callee: Callee::Phone(ALICE, Incoming::RING),
        script: Script {
            cancel_after: Some(ms(2_500)),
            ..Script::NOTHING
        },
        ends_with: Some(487),
    },
    Scene {
        title: "Alice dials a number that nobody has.",
        caller: ALICE,
        callee: Callee::Nobody("1999"),
        script: Script::NOTHING,
        ends_with: Some(404),
    },
];

/// Played beside the others, because a phone rings for half a minute before Offhook gives up.
const MISSED: Scene = Scene {
    title: "Carol calls Dave, who is out: his phone will ring for 30 seconds.",
    caller: CAROL,
    callee: Callee::Phone(DAVE, Incoming::RING),
    script: Script::NOTHING,
    ends_with: Some(480),
};

/// Pause between two scenes.
const PAUSE: Duration = ms(1_000);
/// No scene lasts as long.
const TOO_LONG: Duration = Duration::from_secs(90);

/// Plays all scenes, once or until stopped.
pub(super) async fn play(cast: Cast, once: bool, screen: Screen) -> anyhow::Result<()> {
    let main = async {
        loop {
            for scene in &SCENES {
                scene.play(&cast, &screen).await?;
                tokio::time::sleep(PAUSE).await;
            }
            if once {
                return Ok(());
            }
        }
    };
    let beside = async {
        loop {
            MISSED.play(&cast, &screen).await?;
            if once {
                return Ok::<(), anyhow::Error>(());
            }
            tokio::time::sleep(PAUSE * 10).await;
        }
    };
    tokio::try_join!(main, beside).map(|((), ())| ())
}

impl Scene {
    async fn play(&self, cast: &Cast, screen: &Screen) -> anyhow::Result<()> {
        let caller = cast.get(self.caller)?;
        let number = match self.callee {
            Callee::Phone(n, incoming) => {
                let callee = cast.get(n)?;
                callee.expect(incoming).await?;
                callee.ext
            }
            Callee::Nobody(number) => number,
        };
        screen.say(format!("\n-- {}", self.title)).await;
        let outcome = tokio::time::timeout(TOO_LONG, caller.dial(number, self.script)).await;
        let outcome =
            outcome.with_context(|| format!("the scene never ended: {}", self.title))??;
        self.judge(&caller, outcome)
    }

    /// The same for everybody who looks: it came as the title says, with sound where there was an answer.
    fn judge(&self, caller: &Actor, outcome: Outcome) -> anyhow::Result<()> {
        let Outcome { status, heard } = outcome;
        if status != self.ends_with {
            bail!(
                "{} The call ended with {status:?} instead of {:?}.",
                self.title,
                self.ends_with
            );
        }
        if self.ends_with.is_none() && heard == 0 {
            bail!("{} But {} heard nothing.", self.title, caller.name);
        }
        Ok(())
    }
}
