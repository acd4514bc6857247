import { Badge, Group, Text } from '@mantine/core'

import type { Webhook } from '../../api/types'
import { type Key, useI18n } from '../../i18n'
import { useReason } from './useReason'

/** How a webhook fares; that an admin switched it off goes before what the server found. */
export type Fare = 'off' | Webhook['state']

export function fareOf(webhook: Webhook): Fare {
  return webhook.active ? webhook.state : 'off'
}

interface Look {
  text: Key
  about: Key
  color: string
  /** The same as the colour, for those who do not see it. */
  sign: string
}

function look(fare: Fare): Look {
  switch (fare) {
    case 'active':
      return { text: 'webhooks.active', about: 'webhooks.active_about', color: 'green', sign: '✓' }
    case 'failing':
      return { text: 'webhooks.failing', about: 'webhooks.failing_about', color: 'orange', sign: '!' }
    case 'disabled':
      return { text: 'webhooks.disabled', about: 'webhooks.disabled_about', color: 'red', sign: '✕' }
    case 'off':
      return { text: 'webhooks.off', about: 'webhooks.off_about', color: 'gray', sign: '–' }
  }
}

export function StateBadge({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n()
  const { text, color, sign } = look(fareOf(webhook))
  return (
    <Badge variant="outline" color={color} tt="none" style={{ flexShrink: 0 }} c="var(--mantine-color-text)">
      <span aria-hidden>{sign}</span> <span>{t(text)}</span>
    </Badge>
  )
}

/** What the state means, and why the server switched it off. */
export function StateText({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n()
  const reason = useReason()
  const fare = fareOf(webhook)
  return (
    <Group gap={4}>
      {fare === 'disabled' && webhook.disabled_reason !== null && (
        <Text size="sm" fw={600} component="bdi">
          {reason(webhook.disabled_reason)}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        {t(look(fare).about)}
      </Text>
    </Group>
  )
}
