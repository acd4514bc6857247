/** Both catalogues, and the keys that may be asked for: `area.key`. */

import callsEn from './en/calls.json' with { type: 'json' }
import causesEn from './en/causes.json' with { type: 'json' }
import commonEn from './en/common.json' with { type: 'json' }
import deliveriesEn from './en/deliveries.json' with { type: 'json' }
import errorsEn from './en/errors.json' with { type: 'json' }
import eventsEn from './en/events.json' with { type: 'json' }
import flowEn from './en/flow.json' with { type: 'json' }
import historyEn from './en/history.json' with { type: 'json' }
import peopleEn from './en/people.json' with { type: 'json' }
import playerEn from './en/player.json' with { type: 'json' }
import qualityEn from './en/quality.json' with { type: 'json' }
import recordingsEn from './en/recordings.json' with { type: 'json' }
import sessionEn from './en/session.json' with { type: 'json' }
import soundsEn from './en/sounds.json' with { type: 'json' }
import voicemailEn from './en/voicemail.json' with { type: 'json' }
import webhooksEn from './en/webhooks.json' with { type: 'json' }
import welcomeEn from './en/welcome.json' with { type: 'json' }
import callsEs from './es/calls.json' with { type: 'json' }
import causesEs from './es/causes.json' with { type: 'json' }
import commonEs from './es/common.json' with { type: 'json' }
import deliveriesEs from './es/deliveries.json' with { type: 'json' }
import errorsEs from './es/errors.json' with { type: 'json' }
import eventsEs from './es/events.json' with { type: 'json' }
import flowEs from './es/flow.json' with { type: 'json' }
import historyEs from './es/history.json' with { type: 'json' }
import peopleEs from './es/people.json' with { type: 'json' }
import playerEs from './es/player.json' with { type: 'json' }
import qualityEs from './es/quality.json' with { type: 'json' }
import recordingsEs from './es/recordings.json' with { type: 'json' }
import sessionEs from './es/session.json' with { type: 'json' }
import soundsEs from './es/sounds.json' with { type: 'json' }
import voicemailEs from './es/voicemail.json' with { type: 'json' }
import webhooksEs from './es/webhooks.json' with { type: 'json' }
import welcomeEs from './es/welcome.json' with { type: 'json' }

const en = {
  calls: callsEn,
  causes: causesEn,
  common: commonEn,
  deliveries: deliveriesEn,
  errors: errorsEn,
  events: eventsEn,
  flow: flowEn,
  history: historyEn,
  people: peopleEn,
  player: playerEn,
  quality: qualityEn,
  recordings: recordingsEn,
  session: sessionEn,
  sounds: soundsEn,
  voicemail: voicemailEn,
  webhooks: webhooksEn,
  welcome: welcomeEn,
}

const es: typeof en = {
  calls: callsEs,
  causes: causesEs,
  common: commonEs,
  deliveries: deliveriesEs,
  errors: errorsEs,
  events: eventsEs,
  flow: flowEs,
  history: historyEs,
  people: peopleEs,
  player: playerEs,
  quality: qualityEs,
  recordings: recordingsEs,
  session: sessionEs,
  sounds: soundsEs,
  voicemail: voicemailEs,
  webhooks: webhooksEs,
  welcome: welcomeEs,
}

export const catalogues = { en, es }

export type Language = keyof typeof catalogues

type Catalogue = typeof en

/** Every key there is, such as `webhooks.title`. */
export type Key = { [Area in keyof Catalogue]: `${Area}.${keyof Catalogue[Area] & string}` }[keyof Catalogue]

export const LANGUAGES: Language[] = ['en', 'es']
