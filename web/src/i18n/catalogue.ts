/** Both catalogues, and the keys that may be asked for: `area.key`. */

import callsEn from './en/calls.json'
import causesEn from './en/causes.json'
import commonEn from './en/common.json'
import deliveriesEn from './en/deliveries.json'
import errorsEn from './en/errors.json'
import eventsEn from './en/events.json'
import flowEn from './en/flow.json'
import historyEn from './en/history.json'
import peopleEn from './en/people.json'
import sessionEn from './en/session.json'
import webhooksEn from './en/webhooks.json'
import welcomeEn from './en/welcome.json'
import callsEs from './es/calls.json'
import causesEs from './es/causes.json'
import commonEs from './es/common.json'
import deliveriesEs from './es/deliveries.json'
import errorsEs from './es/errors.json'
import eventsEs from './es/events.json'
import flowEs from './es/flow.json'
import historyEs from './es/history.json'
import peopleEs from './es/people.json'
import sessionEs from './es/session.json'
import webhooksEs from './es/webhooks.json'
import welcomeEs from './es/welcome.json'

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
  session: sessionEn,
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
  session: sessionEs,
  webhooks: webhooksEs,
  welcome: welcomeEs,
}

export const catalogues = { en, es }

export type Language = keyof typeof catalogues

type Catalogue = typeof en

/** Every key there is, such as `webhooks.title`. */
export type Key = { [Area in keyof Catalogue]: `${Area}.${keyof Catalogue[Area] & string}` }[keyof Catalogue]

export const LANGUAGES: Language[] = ['en', 'es']
