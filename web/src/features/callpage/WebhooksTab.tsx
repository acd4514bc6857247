import { Anchor, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api, filter, type List } from '../../api/client'
import type { Attempt, Delivery } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { Loaded } from '../../ui/Loaded'
import { Moment } from '../../ui/Moment'
import { Peer } from '../../ui/Peer'
import { StateChip } from '../deliveries/StateChip'
import { ResendButton } from '../flow/ResendButton'
import { useWebhookNames } from '../webhooks/queries'
import { useReason } from '../webhooks/useReason'
import classes from './callpage.module.css'

const MOST = 200

/** What receivers were told of the calls of a root, in order. */
export function WebhooksTab({ root, live }: { root: number; live: boolean }) {
  const query = useQuery({
    queryKey: [...keys.deliveries, 'root', root],
    queryFn: ({ signal }) =>
      api.get<List<Delivery>>('/deliveries', {
        query: { filter: filter([['root_call_id', 'eq', root]]), limit: MOST },
        signal,
      }),
    refetchInterval: live ? 5_000 : false,
  })
  return <Loaded query={query}>{(list) => <Deliveries {...list} />}</Loaded>
}

function Deliveries({ data, total }: List<Delivery>) {
  const { t } = useI18n()
  const names = useWebhookNames()
  if (data.length === 0) return <Text c="dimmed">{t('flow.call_deliveries_none')}</Text>
  return (
    <Stack gap="xs">
      {total > data.length && (
        <Text size="sm" c="dimmed">
          {t('flow.call_deliveries_more', { count: data.length, total })}
        </Text>
      )}
      <Table.ScrollContainer minWidth={820} type="native">
        <Table aria-label={t('flow.call_webhooks')} verticalSpacing={8}>
          <Table.Thead className={classes.tight}>
            <Table.Tr>
              <Table.Th scope="col">{t('common.event')}</Table.Th>
              <Table.Th scope="col">{t('flow.call_seq')}</Table.Th>
              <Table.Th scope="col">{t('common.webhook')}</Table.Th>
              <Table.Th scope="col">{t('common.state')}</Table.Th>
              <Table.Th scope="col">{t('flow.call_attempts')}</Table.Th>
              <Table.Th scope="col">{t('flow.call_delivery')}</Table.Th>
              <Table.Th scope="col">{t('common.actions')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.toReversed().map((delivery) => (
              <Line
                key={delivery.id}
                delivery={delivery}
                webhook={names.get(delivery.webhook_id) ?? String(delivery.webhook_id)}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  )
}

function Line({ delivery, webhook }: { delivery: Delivery; webhook: string }) {
  const { t } = useI18n()
  const reason = useReason()
  const { id, event_name: event } = delivery
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600} className={classes.tight}>
        {event}
        {delivery.replayed && (
          <Text size="xs" c="dimmed">
            {t('flow.call_replayed')}
          </Text>
        )}
      </Table.Th>
      <Table.Td className="numbers">{delivery.seq ?? '–'}</Table.Td>
      <Table.Td>
        <Anchor component={Link} href={`/webhooks/${delivery.webhook_id}`} size="sm">
          <Peer text={webhook} />
        </Anchor>
      </Table.Td>
      <Table.Td>
        <StateChip state={delivery.state} />
        {delivery.reason !== null && (
          <Text size="xs" c="dimmed" maw={260}>
            <bdi>{reason(delivery.reason)}</bdi>
          </Text>
        )}
        {delivery.next_attempt_at !== null && (
          <Text size="xs" c="dimmed">
            {t('flow.call_next_attempt')} <Moment at={delivery.next_attempt_at} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {delivery.attempts.map((attempt) => (
          <AttemptLine key={attempt.n} attempt={attempt} />
        ))}
      </Table.Td>
      <Table.Td>
        <Anchor component={Link} href={`/deliveries/${id}`} size="sm">
          {id}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <ResendButton id={id} name={t('flow.call_resend_name', { event, id: String(id) })} />
      </Table.Td>
    </Table.Tr>
  )
}

function AttemptLine({ attempt }: { attempt: Attempt }) {
  const { t } = useI18n()
  const reason = useReason()
  const { n, status, error, ms, at } = attempt
  const good = status !== null && status >= 200 && status < 300
  const result = status === null ? t('common.no_answer') : String(status)
  return (
    <Text size="sm" {...(good ? {} : { c: 'var(--mantine-color-error)' })}>
      {t('flow.call_attempt_line', { n: String(n), result, ms })}{' '}
      <Text span size="xs" c="dimmed">
        <Moment at={at} />
      </Text>
      {error !== null && (
        <Text span size="xs" c="dimmed" display="block" maw={420}>
          <bdi>{reason(error)}</bdi>
        </Text>
      )}
    </Text>
  )
}
