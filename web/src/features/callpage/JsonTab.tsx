import { Center, Code, Group, Loader, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, filter, type List } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { CopyButton } from '../../ui/CopyButton'
import { Fault } from '../../ui/Fault'
import { useSession } from '../session/session'

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
      {admin && <Events id={id} />}
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
  return <Loaded name={t('flow.call_json_cdrs')} query={query} />
}

function Events({ id }: { id: number }) {
  const { t } = useI18n()
  const query = useQuery({
    // Part of the flow: the stream tells of both at once.
    queryKey: [...keys.flow, 'events', id],
    queryFn: async ({ signal }) =>
      (await api.get<{ data: unknown[] }>('/events', { query: { call_id: id }, signal })).data,
    refetchInterval: 5_000,
  })
  return <Loaded name={t('flow.call_json_events')} query={query} />
}

interface Loading {
  data: unknown
  error: unknown
  refetch: () => unknown
}

function Loaded({ name, query }: { name: string; query: Loading }) {
  const { t } = useI18n()
  if (query.data !== undefined) return <Json name={name} value={query.data} />
  if (query.error !== null) return <Fault error={query.error} retry={() => void query.refetch()} />
  return (
    <Center mih={80}>
      <Loader aria-label={t('common.loading')} />
    </Center>
  )
}

function Json({ name, value }: { name: string; value: unknown }) {
  const text = JSON.stringify(value, null, 2)
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text fw={650} size="sm" component="h2" m={0}>
          {name}
        </Text>
        <CopyButton text={text} />
      </Group>
      <Code block tabIndex={0} role="region" aria-label={name}>
        {text}
      </Code>
    </Stack>
  )
}
