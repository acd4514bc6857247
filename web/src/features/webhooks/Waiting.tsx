import { Progress, Stack, Text } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { useSecond } from '../../ui/ticker'

/** That something takes its time: for how long by now, and how long at most. */
export function Waiting({ text, most }: { text: string; most: number }) {
  const { t } = useI18n()
  const now = useSecond()
  const [start] = useState(now)
  const seconds = Math.max(0, now - start)
  return (
    <Stack gap={4}>
      <Text size="sm">
        <span role="status">{text}</span>{' '}
        <span className="numbers">{t('webhooks.elapsed', { seconds, most })}</span>
      </Text>
      <Progress value={Math.min(100, (seconds / most) * 100)} aria-label={text} striped animated />
    </Stack>
  )
}
