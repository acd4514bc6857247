/** How well the sound of one side arrived, in figures and in a word. */

import type { Direction } from '../../api/types'

export type Grade = 'good' | 'fair' | 'poor'

/** G.107 Annex B: from R 80 on users are satisfied, below R 70 many are not. */
const GOOD = 4.03
const FAIR = 3.6

export function gradeOf(mos: number): Grade {
  // The figure is shown with one decimal; the word is to agree with what is seen.
  const shown = Math.round(mos * 10) / 10
  if (shown >= Math.round(GOOD * 10) / 10) return 'good'
  return shown >= FAIR ? 'fair' : 'poor'
}

/** Percent of what was sent that did not arrive. `packets` arrived. */
export function lossOf({ packets, lost }: Pick<Direction, 'packets' | 'lost'>): number {
  const sent = packets + Math.max(0, lost)
  return sent <= 0 ? 0 : (Math.max(0, lost) / sent) * 100
}

/** Which of the figures is to blame for a word that is not the best one. */
export function blame(direction: Direction): 'loss' | 'jitter' | null {
  if (gradeOf(direction.mos) === 'good') return null
  if (lossOf(direction) >= 1) return 'loss'
  return direction.jitter_ms >= 30 ? 'jitter' : null
}
