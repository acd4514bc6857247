/** What an admin can tick (contract 1.4), in groups, and what each of them means. */

import type { Key } from '../../i18n'

export interface EventChoice {
  value: string
  about: Key
}

export interface EventGroup {
  title: Key
  choices: EventChoice[]
}

export const EVENT_GROUPS: EventGroup[] = [
  {
    title: 'webhooks.group_calls',
    choices: [
      { value: 'call.state_change', about: 'webhooks.about_state_change' },
      { value: 'call.ringing', about: 'webhooks.about_ringing' },
      { value: 'call.connected', about: 'webhooks.about_connected' },
      { value: 'call.missed', about: 'webhooks.about_missed' },
      { value: 'call.ended', about: 'webhooks.about_ended' },
      { value: 'call.dtmf', about: 'webhooks.about_dtmf' },
    ],
  },
  {
    title: 'webhooks.group_messages',
    choices: [
      { value: 'sms.received', about: 'webhooks.about_sms' },
      { value: 'monitor.audio_ready', about: 'webhooks.about_recording' },
    ],
  },
  {
    title: 'webhooks.group_queues',
    choices: [{ value: 'queue.wrapup', about: 'webhooks.about_wrapup' }],
  },
]

const CATEGORIES = new Set(EVENT_GROUPS.flatMap((group) => group.choices.map((choice) => choice.value)))

/** Those that have no box of their own: exact names that somebody set through the API. They must not be lost. */
export function otherEvents(...lists: readonly string[][]): string[] {
  return [...new Set(lists.flat())].filter((event) => !CATEGORIES.has(event))
}

/** Kinds of call a webhook can be narrowed to; `RG-<id>` besides. */
export const CONTEXTS: EventChoice[] = [
  { value: 'LOCAL_USER', about: 'webhooks.context_user' },
  { value: 'QUEUE', about: 'webhooks.context_queue' },
  { value: 'RG', about: 'webhooks.context_group' },
  { value: 'ENDPOINT', about: 'webhooks.context_endpoint' },
  { value: 'VM', about: 'webhooks.context_voicemail' },
  { value: 'IVR', about: 'webhooks.context_menu' },
]

export function otherContexts(...lists: readonly string[][]): string[] {
  const known = new Set(CONTEXTS.map((context) => context.value))
  return [...new Set(lists.flat())].filter((context) => !known.has(context))
}
