import { Anchor, Badge, Button, Code, Group, Paper, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'

import type { Activity, Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { isolate } from '../../ui/isolate'
import { Peer } from '../../ui/Peer'
import { Time } from '../../ui/Time'
import { ActiveSwitch } from './ActiveSwitch'
import { DeleteButton } from './DeleteButton'
import { Sparkline } from './Sparkline'
import { fareOf, StateBadge, StateText } from './StateBadge'
import { TestButton } from './TestButton'

/** One webhook of the list. */
export function WebhookCard({ webhook, hours }: { webhook: Webhook; hours: Activity['hours'] | undefined }) {
  const { t } = useI18n()
  const name = isolate(webhook.name)
  return (
    <Paper withBorder p="md" component="li">
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" wrap="nowrap">
          <Stack gap={2} miw={0}>
            <Group gap="xs">
              <Anchor component={Link} href={`/webhooks/${webhook.id}`} fw={600}>
                <Peer text={webhook.name} most={100} />
              </Anchor>
              <StateBadge webhook={webhook} />
            </Group>
            <Code bg="transparent" p={0} fz="sm">
              <Peer text={webhook.url} most={200} />
            </Code>
          </Stack>
          <ActiveSwitch webhook={webhook} />
        </Group>
        {fareOf(webhook) !== 'active' && <StateText webhook={webhook} />}
        <Group gap={6} aria-label={t('webhooks.events')} role="group">
          {webhook.events.map((event) => (
            <Badge key={event} variant="default" tt="none" fw={400}>
              {event}
            </Badge>
          ))}
        </Group>
        <Group justify="space-between" gap="sm">
          <Group gap="lg">
            {hours !== undefined && <Sparkline hours={hours} />}
            <LastDelivery at={webhook.last_delivery_at} />
          </Group>
          <Group gap="xs">
            <TestButton webhook={webhook} aria-label={t('webhooks.test_of', { name })} />
            <Button
              component={Link}
              href={`/deliveries?webhook=${webhook.id}`}
              variant="default"
              size="xs"
              aria-label={t('webhooks.deliveries_of', { name })}
            >
              {t('webhooks.deliveries')}
            </Button>
            <Button
              component={Link}
              href={`/webhooks/${webhook.id}`}
              variant="default"
              size="xs"
              aria-label={t('webhooks.edit_of', { name })}
            >
              {t('common.edit')}
            </Button>
            <DeleteButton webhook={webhook} aria-label={t('webhooks.delete_of', { name })} />
          </Group>
        </Group>
      </Stack>
    </Paper>
  )
}

export function LastDelivery({ at }: { at: string | null }) {
  const { t } = useI18n()
  return (
    <Text size="sm" c="dimmed">
      {at === null ? (
        t('webhooks.waiting')
      ) : (
        <>
          {t('webhooks.last_delivery')} <Time at={at} />
        </>
      )}
    </Text>
  )
}
