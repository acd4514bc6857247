import { Badge } from '@mantine/core'

import type { DeliveryState } from '../../api/types'
import { type Key, useI18n } from '../../i18n'

interface Look {
  text: Key
  color: string
  sign: string
}

function look(state: DeliveryState): Look {
  switch (state) {
    case 'pending':
      return { text: 'deliveries.pending', color: 'blue', sign: '…' }
    case 'delivered':
      return { text: 'deliveries.delivered', color: 'green', sign: '✓' }
    case 'failed':
      return { text: 'deliveries.failed', color: 'red', sign: '✕' }
    case 'expired':
      return { text: 'deliveries.expired', color: 'orange', sign: '⌛' }
    case 'held':
      return { text: 'deliveries.held', color: 'gray', sign: '‖' }
  }
}

/** The state of a delivery, in words and by a sign, not by colour alone. */
export function StateChip({ state }: { state: DeliveryState }) {
  const { t } = useI18n()
  const { text, color, sign } = look(state)
  return (
    <Badge
      miw="max-content"
      variant="outline"
      color={color}
      tt="none"
      c="var(--mantine-color-text)"
      title={state}
    >
      <span aria-hidden>{sign}</span> <span>{t(text)}</span>
    </Badge>
  )
}

export function stateText(state: DeliveryState): Key {
  return look(state).text
}
