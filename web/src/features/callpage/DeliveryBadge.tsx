import { Badge } from '@mantine/core'

import type { DeliveryState } from '../../api/types'
import { useI18n } from '../../i18n'
import { deliveryStateText } from './words'

export function DeliveryBadge({ state }: { state: DeliveryState }) {
  const { t } = useI18n()
  return (
    <Badge miw="max-content" variant="light" tt="none" color={colourOf(state)} title={state}>
      {deliveryStateText(t, state)}
    </Badge>
  )
}

function colourOf(state: DeliveryState): string {
  switch (state) {
    case 'delivered':
      return 'green'
    case 'failed':
    case 'expired':
      return 'red'
    case 'pending':
      return 'blue'
    case 'held':
      return 'gray'
  }
}
