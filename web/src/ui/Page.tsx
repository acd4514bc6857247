import { Group, Stack, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

import { useI18n } from '../i18n'

/** A screen: its title, also the document's, what can be done there, and its content. */
export function Page({
  title,
  actions,
  children,
}: {
  title: string
  actions?: ReactNode
  children: ReactNode
}) {
  const { t } = useI18n()
  const name = t('common.name')
  useEffect(() => {
    document.title = `${title} · ${name}`
  }, [title, name])
  return (
    <Stack>
      <Group justify="space-between" align="center">
        <Title order={1} size="h2">
          {title}
        </Title>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
