import { Anchor, Code, Group, Paper, Text } from '@mantine/core'
import { Link } from 'wouter'

import type { Delivery, Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { Fact } from '../../ui/Fact'
import { Peer } from '../../ui/Peer'
import { Time } from '../../ui/Time'
import { useReason } from '../webhooks/useReason'
import { Countdown } from './Countdown'
import { eventText } from './eventText'
import { callOf, eventTime } from './rows'
import { StateChip } from './StateChip'

interface Props {
  delivery: Delivery
  /** Undefined when it was deleted, or is not loaded yet. */
  webhook: Webhook | undefined
}

/** What is to be known of a delivery besides what was sent. */
export function DeliveryFacts({ delivery, webhook }: Props) {
  const { t } = useI18n()
  const reason = useReason()
  const about = eventText(delivery.event_name)
  const at = eventTime(delivery.body)
  const call = callOf(delivery.call_id)
  const root = callOf(delivery.root_call_id)
  return (
    <Paper withBorder p="md">
      <dl
        style={{
          margin: 0,
          display: 'grid',
          gap: 'var(--mantine-spacing-sm)',
          gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 220px), 1fr))',
        }}
      >
        <Fact name={t('common.state')}>
          <Group gap="xs">
            <StateChip state={delivery.state} />
            {delivery.replayed && <Text size="sm">{t('deliveries.replayed')}</Text>}
          </Group>
        </Fact>
        {delivery.reason !== null && (
          <Fact name={t('deliveries.reason')}>
            <bdi>{reason(delivery.reason)}</bdi>
          </Fact>
        )}
        {delivery.next_attempt_at !== null && (
          <Fact name={t('deliveries.next_attempt')}>
            <Countdown to={delivery.next_attempt_at} />{' '}
            <Text span size="sm" c="dimmed">
              <Time at={delivery.next_attempt_at} />
            </Text>
          </Fact>
        )}
        <Fact name={t('common.event')}>
          <Code>{delivery.event_name}</Code>
          {about !== null && <Text size="sm">{t(about)}</Text>}
        </Fact>
        {at !== null && (
          <Fact name={t('common.time')}>
            <Time at={at} />
          </Fact>
        )}
        <Fact name={t('common.webhook')}>
          {webhook === undefined ? (
            t('deliveries.webhook_id', { id: String(delivery.webhook_id) })
          ) : (
            <Anchor component={Link} fz="sm" href={`/webhooks/${webhook.id}`}>
              <Peer text={webhook.name} most={100} />
            </Anchor>
          )}
        </Fact>
        {root !== null && (
          <Fact name={t('common.call')}>
            <Anchor component={Link} fz="sm" href={`/calls/${root}`}>
              {t('deliveries.call', { id: String(root) })}
            </Anchor>
            {call !== null && call !== root && (
              <Text size="sm">{t('deliveries.leg', { id: String(call) })}</Text>
            )}
          </Fact>
        )}
        {delivery.seq !== null && <Fact name={t('deliveries.seq')}>{delivery.seq}</Fact>}
        <Fact name={t('deliveries.event_id')}>
          <Code>{delivery.event_id}</Code>
        </Fact>
      </dl>
    </Paper>
  )
}
