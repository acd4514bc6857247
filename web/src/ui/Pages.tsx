import { Button, Group, Select, Text } from '@mantine/core'

import { useI18n } from '../i18n'
import { type Place, SIZES } from './listView'
import type { Change } from './useSearch'

interface Props {
  place: Place
  total: number
  /** How many there are in all, in words. */
  count: string
  /** Of the address bar, where the place is kept. What is open stays behind on its page. */
  change: Change
}

/** Through the pages of a list, and how long they are. */
export function Pages({ place: { page, size }, total, count, change }: Props) {
  const { t } = useI18n()
  const pages = Math.max(1, Math.ceil(total / size))
  const onPage = (next: number) => change({ page: next === 1 ? null : String(next), open: null }, 'push')
  return (
    <Group justify="space-between" component="nav" aria-label={t('common.pages')}>
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          {count}
        </Text>
        <Select
          size="xs"
          w={130}
          aria-label={t('common.page_size')}
          data={SIZES.map((n) => ({ value: String(n), label: t('common.per_page', { count: n }) }))}
          value={String(size)}
          allowDeselect={false}
          onChange={(value) => change({ size: value, page: null, open: null })}
        />
      </Group>
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          disabled={page <= 1}
          onClick={() => onPage(Math.min(page - 1, pages))}
        >
          {t('common.previous')}
        </Button>
        <Text size="sm" aria-current="page">
          {t('common.page_of', { page, pages })}
        </Text>
        <Button variant="default" size="xs" disabled={page >= pages} onClick={() => onPage(page + 1)}>
          {t('common.following')}
        </Button>
      </Group>
    </Group>
  )
}
