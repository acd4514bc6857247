//! Each flow of a call as a story: what an integrator gets, event by event, and the CDRs. The same stories write
//! `docs/call-flows.md`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has nothing better to do than to say where and why"
)]

/// Lists the flows of a chapter, and makes a test of each one.
macro_rules! chapter {
    (title: $title:literal, words: $words:literal, flows: [$($flow:ident),* $(,)?] $(,)?) => {
        pub(crate) const CHAPTER: crate::flow::Chapter = crate::flow::Chapter {
            title: $title,
            words: $words,
            flows: &[$($flow),*],
        };

        mod told {
            $(
                #[test]
                fn $flow() {
                    super::$flow().check();
                }
            )*
        }
    };
}

mod click_to_call;
mod document;
mod flow;
mod given_back;
mod groups;
mod media;
mod queues;
mod rows;
mod texts;
mod transfers;
mod trunks;
mod users;
mod voicemail;
