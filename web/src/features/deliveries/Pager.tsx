import { Button, Group, Text } from '@mantine/core'

import { useI18n } from '../../i18n'

interface Props {
  page: number
  size: number
  total: number
  onPage: (page: number) => void
}

export function Pager({ page, size, total, onPage }: Props) {
  const { t, tn } = useI18n()
  const pages = Math.max(1, Math.ceil(total / size))
  return (
    <Group gap="sm" component="nav" aria-label={t('deliveries.pages')}>
      <Button
        variant="default"
        size="xs"
        disabled={page <= 1}
        onClick={() => onPage(Math.min(page - 1, pages))}
      >
        {t('common.previous')}
      </Button>
      <Text size="sm">{t('common.page_of', { page, pages })}</Text>
      <Button variant="default" size="xs" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        {t('common.following')}
      </Button>
      <Text size="sm" c="dimmed">
        {tn('common.total', total)}
      </Text>
    </Group>
  )
}
