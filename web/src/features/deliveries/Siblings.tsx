import { Anchor, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from 'wouter'

import type { Delivery, Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { Peer } from '../../ui/Peer'
import { Time } from '../../ui/Time'
import { useSiblings } from './queries'
import { StateChip } from './StateChip'

interface Props {
  delivery: Delivery
  webhooks: Webhook[]
}

/** The other deliveries of the same event: to other webhooks, and those that sent it again. */
export function Siblings({ delivery, webhooks }: Props) {
  const { t } = useI18n()
  const others = (useSiblings(delivery.event_id).data ?? []).filter(({ id }) => id !== delivery.id)
  if (others.length === 0) return null
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        {t('deliveries.same_event')}
      </Title>
      <Stack component="ul" gap={6} m={0} p={0} style={{ listStyle: 'none' }}>
        {others.map((other) => (
          <Group key={other.id} component="li" gap="sm">
            <Anchor component={Link} href={`/deliveries/${other.id}`} fz="sm">
              {t('deliveries.delivery', { id: String(other.id) })}
            </Anchor>
            <StateChip state={other.state} />
            {other.replayed && <Text size="sm">{t('deliveries.replayed')}</Text>}
            <Text size="sm" c="dimmed">
              <Peer
                text={
                  nameOf(other.webhook_id, webhooks) ??
                  t('deliveries.webhook_id', { id: String(other.webhook_id) })
                }
              />
            </Text>
            {other.attempts[0] !== undefined && (
              <Text size="sm" c="dimmed">
                <Time at={other.attempts[0].at} />
              </Text>
            )}
          </Group>
        ))}
      </Stack>
    </Stack>
  )
}

function nameOf(id: number, webhooks: Webhook[]): string | undefined {
  return webhooks.find((webhook) => webhook.id === id)?.name
}
