import { Code, Group, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { api, filter, type List } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { CopyButton } from '../../ui/CopyButton'
import { Loaded } from '../../ui/Loaded'
import { useSession } from '../session/session'

/** The most that the server gives at once. */
const MOST_EVENTS = 10_000

interface Props {
  id: number
  root: number
  call: LiveCall | null
}

/** The call as programs get it. */
export function JsonTab({ id, root, call }: Props) {
  const { t } = useI18n()
  const admin = useSession().me.role === 'admin'
  return (
    <Stack>
      {call !== null && <Json name={t('flow.call_json_live')} value={call} />}
      <Cdrs root={root} hidden={call !== null} />
      {admin && <Events id={id} live={call !== null} />}
    </Stack>
  )
}

/** All fields, also those that the page has no use for. While the call is up an empty list is nothing to show. */
function Cdrs({ root, hidden }: { root: number; hidden: boolean }) {
  const { t } = useI18n()
  const query = useQuery({
    queryKey: [...keys.cdrs, 'json', root],
    queryFn: async ({ signal }) => {
      const conditions = filter([['root_live_id', 'eq', root]])
      return (await api.get<List<unknown>>('/cdrs', { query: { filter: conditions, limit: 200 }, signal }))
        .data
    },
  })
  if (hidden && (query.data === undefined || query.data.length === 0)) return null
  return <Loaded query={query}>{(cdrs) => <Json name={t('flow.call_json_cdrs')} value={cdrs} />}</Loaded>
}

function Events({ id, live }: { id: number; live: boolean }) {
  const { t } = useI18n()
  const query = useQuery({
    // Loaded once more when the call is over, for its last events.
    queryKey: [...keys.flow, 'events', id, live],
    queryFn: async ({ signal }) =>
      (await api.get<{ data: unknown[] }>('/events', { query: { call_id: id, limit: MOST_EVENTS }, signal }))
        .data,
    placeholderData: keepPreviousData,
    refetchInterval: live ? 5_000 : false,
  })
  return (
    <Loaded query={query}>
      {(events) => (
        <Json name={t('flow.call_json_events')} value={events}>
          {events.length === MOST_EVENTS && (
            <Text size="sm" c="dimmed">
              {t('flow.call_json_more', { count: MOST_EVENTS })}
            </Text>
          )}
        </Json>
      )}
    </Loaded>
  )
}

function Json({ name, value, children }: { name: string; value: unknown; children?: ReactNode }) {
  const text = JSON.stringify(value, null, 2)
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text fw={650} size="sm" component="h2" m={0}>
          {name}
        </Text>
        <CopyButton text={text} />
      </Group>
      {children}
      <Code block tabIndex={0} role="region" aria-label={name}>
        {text}
      </Code>
    </Stack>
  )
}
