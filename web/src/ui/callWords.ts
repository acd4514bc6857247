/** Kinds of calls, and what is told of how they ended, in words. What this page does not know has none. */

import type { Cdr } from '../api/types'
import { isKey, type Key } from '../i18n'

type T = (key: Key) => string

/** `RG-7` is a ring group, whichever. */
export function contextText(t: T, context: string): string | null {
  const key = `common.context_${context.replace(/^RG-\d+$/, 'RG')}`
  return isKey(key) ? t(key) : null
}

/** Why a queue or a group let a caller go; a Warning of a phone stays as it is. */
export function infoText(t: T, info: string): string {
  const key = `causes.info_${info}`
  return isKey(key) ? t(key) : info
}

/**
 * A phone that stopped ringing has missed nothing where somebody else answered, or where the call was sent on before
 * an answer; its record says NO ANSWER all the same.
 */
export function takenAway({ cause, disposition }: Pick<Cdr, 'cause' | 'disposition'>) {
  if (cause.name === 'LOSE_RACE') return 'elsewhere'
  return cause.name === 'BLIND_TRANSFER' && disposition !== 'CONNECTED' ? 'transferred' : null
}
