/** Legs and their colours: those of Okabe and Ito, which people of every colour vision can tell apart. */

import type { Row } from './rows'

/** So many colours `flow.module.css` has; more legs than that share them, and are told apart by their label. */
export const COLOURS = 6

/** `A`, `B1`, `B2`, `C1` … in that order, as far as the rows have them. */
export function legsOf(rows: readonly Row[]): string[] {
  const legs = new Set<string>()
  for (const row of rows) if (row.leg !== null) legs.add(row.leg)
  return [...legs].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
}

/** The call that a leg is of, where the rows are of several calls. */
export function callsOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  if (!severalCalls(rows)) return new Map()
  return new Map(rows.flatMap((row) => (row.leg === null ? [] : [[row.leg, row.call_id]])))
}

export function severalCalls(rows: readonly Row[]): boolean {
  return rows.some((row) => row.call_id !== rows[0]?.call_id)
}

/** The caller's leg has the first colour, the others follow in turn, whichever of them are there. */
export function colourOf(leg: string): number {
  const [, letters, n] = /^([B-Z]+)(\d+)$/.exec(leg) ?? []
  if (letters === undefined) return 0
  // B, C, D … are the calls that rang somebody, 1, 2, 3 … the phones that rang in one of them.
  const call = letters.charCodeAt(letters.length - 1) - 'B'.charCodeAt(0)
  return 1 + ((call + Math.max(1, Number(n)) - 1) % (COLOURS - 1))
}
