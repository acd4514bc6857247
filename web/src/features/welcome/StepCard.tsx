import { Badge, Box, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'

import { useI18n } from '../../i18n'

interface Props {
  n: number
  title: string
  text: string
  state: 'done' | 'skipped' | 'open'
  opened: boolean
  onOpen: () => void
  onSkip: () => void
  children: ReactNode
}

/** One of the first steps. Closed it keeps what is in it: a password that is shown once must not go with a click. */
export function StepCard({ n, title, text, state, opened, onOpen, onSkip, children }: Props) {
  const { t } = useI18n()
  const heading = useId()
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={heading}>
      <Group justify="space-between" wrap="wrap">
        <Group gap="sm">
          <Title order={2} size="h4" id={heading}>
            {t('welcome.step', { n, title })}
          </Title>
          {state !== 'open' && (
            <Badge variant="light" radius="sm" tt="none" color={state === 'done' ? 'green' : 'gray'}>
              {t(state === 'done' ? 'common.done' : 'welcome.skipped')}
            </Badge>
          )}
        </Group>
        {opened ? (
          state === 'open' && (
            <Button size="xs" variant="subtle" onClick={onSkip} aria-label={`${t('common.skip')}: ${title}`}>
              {t('common.skip')}
            </Button>
          )
        ) : (
          <Button
            size="xs"
            variant="default"
            onClick={onOpen}
            aria-expanded={false}
            aria-label={`${t('welcome.open')}: ${title}`}
          >
            {t('welcome.open')}
          </Button>
        )}
      </Group>
      <Box hidden={!opened} mt="sm">
        <Stack>
          <Text size="sm" c="dimmed">
            {text}
          </Text>
          {children}
        </Stack>
      </Box>
    </Paper>
  )
}
