/** How the webhooks of a call fared, in one mark. */

import type { DeliveryState } from '../../api/types'

export type Dot = 'well' | 'failed' | 'waiting' | 'none'

/** What went wrong weighs more than what still waits, and that more than what went well. */
export function dotOf(deliveries: Record<DeliveryState, number>): Dot {
  if (deliveries.failed + deliveries.expired > 0) return 'failed'
  if (deliveries.pending + deliveries.held > 0) return 'waiting'
  return deliveries.delivered > 0 ? 'well' : 'none'
}
