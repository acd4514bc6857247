//! `/settings`: which sounds of the library are played where, and the language in which callers are spoken to.

use axum::extract::State;
use axum::response::Response;
use offhook_base::{Language, SoundId, SoundUse};
use offhook_store::{ConfigDb, SettingsPatch, StoreError};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::auth::Admin;
use crate::body::Body;
use crate::error::ApiError;
use crate::ports::ConfigChange;
use crate::reply;

pub(super) async fn one(State(api): State<Api>, _admin: Admin) -> Result<Response, ApiError> {
    let settings = api.store(|inner| all(&inner.stores.config)).await??;
    Ok(reply::one(settings))
}

pub(super) async fn update(
    State(api): State<Api>,
    _admin: Admin,
    Body(mut fields): Body,
) -> Result<Response, ApiError> {
    let sounds = SoundUse::ALL
        .into_iter()
        .filter_map(|of| Some((of, fields.id_or_null(of.name())?.map(SoundId))))
        .collect();
    let language = fields.word("language", &Language::ALL, Language::name);
    fields.finish()?;
    let patch = SettingsPatch { sounds, language };
    let settings = api
        .change(move |inner| {
            let db = &inner.stores.config;
            db.change_settings(&patch)?;
            let sounds = patch.sounds.into_iter();
            let sounds = sounds.map(|(of, sound)| ConfigChange::SoundChosen(of, sound));
            let language = patch.language.map(ConfigChange::Language);
            Ok((all(db)?, sounds.chain(language).collect()))
        })
        .await?;
    Ok(reply::one(settings))
}

fn all(db: &ConfigDb) -> Result<Value, StoreError> {
    let mut settings = Map::new();
    for of in SoundUse::ALL {
        let sound = db.chosen_sound(of)?;
        settings.insert(of.name().to_owned(), json!(sound));
    }
    settings.insert("language".to_owned(), json!(db.language()?.name()));
    Ok(settings.into())
}
