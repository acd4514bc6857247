/** Legs and their colours: those of Okabe and Ito, which people of every colour vision can tell apart. */

import type { Row } from './rows'

/** So many colours `flow.module.css` has; more legs than that share them, and are told apart by their label. */
export const COLOURS = 6

/** `A`, `B1`, `B2` … in that order, as far as the rows have them. */
export function legsOf(rows: readonly Row[]): string[] {
  const legs = new Set<string>()
  for (const row of rows) if (row.leg !== null) legs.add(row.leg)
  return [...legs].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
}

/** The caller's leg has the first colour, the others follow in turn, whichever of them are there. */
export function colourOf(leg: string): number {
  const n = /^B(\d+)$/.exec(leg)?.[1]
  if (n === undefined) return 0
  return 1 + ((Math.max(1, Number(n)) - 1) % (COLOURS - 1))
}
