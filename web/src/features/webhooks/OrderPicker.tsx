import { Radio, Stack } from '@mantine/core'

import type { Webhook } from '../../api/types'
import { type Key, useI18n } from '../../i18n'

type Order = Webhook['order']

const ORDERS: Record<Order, { label: Key; about: Key }> = {
  bounded: { label: 'webhooks.order_bounded', about: 'webhooks.order_bounded_about' },
  strict: { label: 'webhooks.order_strict', about: 'webhooks.order_strict_about' },
  none: { label: 'webhooks.order_none', about: 'webhooks.order_none_about' },
}

interface Props {
  value: Order
  error: string | undefined
  onChange: (order: Order) => void
}

/** Whether an event waits for the one before it. */
export function OrderPicker({ value, error, onChange }: Props) {
  const { t } = useI18n()
  return (
    <Radio.Group
      label={t('webhooks.order')}
      description={t('webhooks.order_about')}
      error={error}
      value={value}
      onChange={(order) => onChange(order)}
    >
      <Stack mt="xs" gap="xs">
        {Object.entries(ORDERS).map(([order, { label, about }]) => (
          <Radio key={order} value={order} label={t(label)} description={t(about)} />
        ))}
      </Stack>
    </Radio.Group>
  )
}
