import { Button, Center, Group, Loader, Stack, Text } from '@mantine/core'
import { useCallback, useMemo, useState } from 'react'

import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { SearchText } from '../../ui/SearchText'
import type { Sorting } from '../../ui/SortHeader'
import { readSorting, writeSorting } from '../../ui/sorting'
import { useSearch } from '../../ui/useSearch'
import { CallTable } from './CallTable'
import { NoCalls } from './NoCalls'
import { Selected } from './Selected'
import { useLiveCalls } from './useLiveCalls'
import { COLUMNS, matching, NEWEST_FIRST, sorted } from './view'

/** The calls that are up, as they change. */
export default function LiveCalls() {
  const { t, tn } = useI18n()
  const { snapshot, store, pending, loaded, error, retry } = useLiveCalls()
  const [params, change] = useSearch()
  const text = params.get('q') ?? ''
  const sort = params.get('sort')
  const sorting = useMemo(() => readSorting(sort, COLUMNS, NEWEST_FIRST), [sort])
  const shown = useMemo(() => sorted(matching(snapshot.calls, text), sorting), [snapshot, text, sorting])
  const [marked, setMarked] = useState<ReadonlySet<number>>(new Set())
  const selected = useMemo(
    () => shown.filter(({ id }) => marked.has(id)).map(({ id }) => id),
    [shown, marked],
  )
  const select = useCallback((id: number, on: boolean) => {
    setMarked((before) => {
      const after = new Set(before)
      if (on) after.add(id)
      else after.delete(id)
      return after
    })
  }, [])
  const over = useCallback((id: number) => store.drop(id), [store])
  const total = snapshot.calls.length
  const content = () => {
    if (total === 0) {
      if (pending) return <Waiting />
      return loaded && <NoCalls />
    }
    if (shown.length === 0) return <NoMatch onClear={() => change({ q: null })} />
    return (
      <CallTable
        calls={shown}
        ahead={snapshot.ahead}
        sorting={sorting}
        onSort={(next: Sorting) => change({ sort: writeSorting(next) })}
        selected={marked}
        onSelect={select}
        onOver={over}
      />
    )
  }
  return (
    <Page title={t('calls.title')}>
      <Group justify="space-between" align="end">
        <SearchText
          label={t('calls.filter')}
          placeholder={t('calls.filter_hint')}
          value={text}
          onSearch={(q) => change({ q })}
          maxLength={100}
          w={260}
        />
        <Text size="sm" c="dimmed" data-testid="count">
          {text === '' ? tn('calls.count', total) : tn('calls.count_of', total, { shown: shown.length })}
        </Text>
      </Group>
      <Selected ids={selected} onOver={over} onClear={() => setMarked(new Set())} />
      {error !== null && <Fault error={error} retry={retry} />}
      {content()}
    </Page>
  )
}

function Waiting() {
  const { t } = useI18n()
  return (
    <Center mih={220}>
      <Loader aria-label={t('common.loading')} />
    </Center>
  )
}

function NoMatch({ onClear }: { onClear: () => void }) {
  const { t } = useI18n()
  return (
    <Center mih={220}>
      <Stack align="center" gap="xs">
        <Text>{t('calls.no_match')}</Text>
        <Button variant="default" size="xs" onClick={onClear}>
          {t('calls.clear_filter')}
        </Button>
      </Stack>
    </Center>
  )
}
