/** Bars for the deliveries of 24 hours: what arrived stands up, what failed hangs down. */

import type { Activity } from '../../api/types'

export interface Bar {
  at: string
  /** Heights from 0 to 1 of the highest hour. */
  up: number
  down: number
}

export interface Sums {
  delivered: number
  failed: number
}

export function bars(hours: Activity['hours']): Bar[] {
  const highest = Math.max(1, ...hours.map(({ delivered, failed }) => Math.max(delivered, failed)))
  return hours.map(({ at, delivered, failed }) => ({
    at,
    up: visible(delivered / highest),
    down: visible(failed / highest),
  }))
}

export function sums(hours: Activity['hours']): Sums {
  return hours.reduce<Sums>(
    (sum, hour) => ({ delivered: sum.delivered + hour.delivered, failed: sum.failed + hour.failed }),
    { delivered: 0, failed: 0 },
  )
}

/** One among thousands is still there to be seen. */
function visible(height: number): number {
  return height === 0 ? 0 : Math.max(0.12, height)
}
