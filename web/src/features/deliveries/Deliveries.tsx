import { Button, Group, Skeleton, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { useSearch } from '../../ui/useSearch'
import { useWebhookNames, useWebhooks } from '../webhooks/queries'
import { DeliveryFilters } from './DeliveryFilters'
import { DeliveryTable } from './DeliveryTable'
import { filtersOf, narrowed, pageOf } from './filters'
import { Pager } from './Pager'
import { PAGE_SIZE, useDeliveries } from './queries'
import { ResendBar } from './ResendBar'
import { useRows } from './useRows'

const NONE: ReadonlySet<number> = new Set()

export default function Deliveries() {
  const { t, tn } = useI18n()
  const [params, change] = useSearch()
  const filters = filtersOf(params)
  const page = pageOf(params)
  const [tail, setTail] = useState(true)
  const [selected, setSelected] = useState(NONE)
  const webhooks = useWebhooks().data?.data ?? []
  const names = useWebhookNames()
  const list = useDeliveries(filters, page)
  const key = JSON.stringify([filters, page])
  // What is selected must not slip away from under the pointer.
  const tailing = tail && page === 1 && selected.size === 0
  const rows = useRows(list.isPlaceholderData ? undefined : list.data, key, tailing)

  const select = (ids: number[], on: boolean) =>
    setSelected((before) => {
      const after = new Set(before)
      for (const id of ids) {
        if (on) after.add(id)
        else after.delete(id)
      }
      return after
    })
  const narrow = (changes: Record<string, string | null>) => {
    setSelected(NONE)
    change({ ...changes, page: null })
  }
  const turn = (to: number) => {
    setSelected(NONE)
    change({ page: to === 1 ? null : String(to) }, 'push')
  }
  const latest = () => {
    if (page !== 1) turn(1)
    rows?.renew()
  }

  return (
    <Page title={t('deliveries.title')}>
      <DeliveryFilters filters={filters} webhooks={webhooks} onChange={narrow} />
      <Group gap="md" mih={36}>
        <Switch
          label={t('deliveries.tail')}
          checked={tail && page === 1}
          disabled={page !== 1}
          onChange={(event) => setTail(event.currentTarget.checked)}
        />
        <Text size="sm" c="dimmed">
          {t(tailText(page, tail, selected.size))}
        </Text>
        {rows !== null && rows.waiting > 0 && (
          <Button variant="light" size="xs" onClick={latest}>
            {tn('deliveries.newer', rows.waiting)}
          </Button>
        )}
      </Group>
      <ResendBar selected={selected} onDone={() => setSelected(NONE)} />
      {list.isError && <Fault error={list.error} retry={() => void list.refetch()} />}
      {rows === null && !list.isError && <Skeleton height={320} aria-label={t('common.loading')} />}
      {rows !== null && (
        <Stack>
          {rows.rows.length === 0 ? (
            <Text c="dimmed">{t(emptyText(rows.total, narrowed(filters)))}</Text>
          ) : (
            <DeliveryTable rows={rows.rows} names={names} selected={selected} onSelect={select} />
          )}
          <Pager page={page} size={PAGE_SIZE} total={rows.total} onPage={turn} />
        </Stack>
      )}
    </Page>
  )
}

/** Why there are no rows: none at all, none like that, or none on so late a page. */
function emptyText(total: number, narrow: boolean) {
  if (total > 0) return 'deliveries.none_here'
  return narrow ? 'deliveries.none_found' : 'deliveries.none'
}

/** Why rows move, or do not. */
function tailText(page: number, tail: boolean, selected: number) {
  if (page !== 1) return 'deliveries.tail_first_page'
  if (!tail) return 'deliveries.tail_off'
  return selected > 0 ? 'deliveries.tail_selected' : 'deliveries.tail_on'
}
