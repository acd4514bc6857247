/** Values of the API in words. A value that this page does not know stays as it is. */

import type { Cdr } from '../../api/types'
import { isKey, type Key } from '../../i18n'
import { takenAway } from '../../ui/callWords'

type T = (key: Key) => string

function word(t: T, key: string, value: string): string {
  return isKey(key) ? t(key) : value
}

const slug = (value: string) => value.toLowerCase().replaceAll(' ', '_')

export function stateText(t: T, state: string): string {
  return word(t, `flow.call_state_${slug(state)}`, state)
}

function dispositionText(t: T, disposition: string): string {
  return word(t, `flow.call_disposition_${slug(disposition)}`, disposition)
}

/** What became of a call. */
export function resultText(t: T, cdr: Pick<Cdr, 'disposition' | 'cause'>): string {
  const taken = takenAway(cdr)
  return taken === null ? dispositionText(t, cdr.disposition) : t(`flow.call_disposition_${taken}`)
}

export function queueText(t: T, state: string): string {
  return word(t, `calls.queue_${state}`, state)
}

export function causeText(t: T, name: string, words: string): string {
  return word(t, `causes.${name}`, words)
}

export function endedByText(t: T, by: string): string {
  return word(t, `flow.call_by_${by}`, by)
}
