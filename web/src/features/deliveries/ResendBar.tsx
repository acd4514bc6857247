import { Alert, Button, Group, Paper, Text } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useResend } from './queries'

interface Props {
  selected: ReadonlySet<number>
  onDone: () => void
}

interface Progress {
  done: number
  of: number
}

interface Summary {
  sent: number
  waiting: number
  refused: number
  /** Why the first that was refused was. */
  error: unknown
}

/** Sends the selected again, the oldest first and one after the other, and sums up what came of it. */
export function ResendBar({ selected, onDone }: Props) {
  const { tn, t } = useI18n()
  const errorText = useErrorText()
  const resend = useResend()
  const [progress, setProgress] = useState<Progress | null>(null)
  const [summary, setSummary] = useState<Summary | null>(null)

  const run = async () => {
    const ids = [...selected].sort((a, b) => a - b)
    const sum: Summary = { sent: 0, waiting: 0, refused: 0, error: null }
    setSummary(null)
    for (const [n, id] of ids.entries()) {
      setProgress({ done: n, of: ids.length })
      const result = await resend(id)
      sum[result.kind] += 1
      if (result.kind === 'refused') sum.error ??= result.error
    }
    setProgress(null)
    setSummary(sum)
    onDone()
  }

  return (
    <>
      {selected.size > 0 && (
        <Paper withBorder p="xs">
          <Group gap="sm">
            <Text size="sm" role="status">
              {progress === null
                ? tn('deliveries.selected', selected.size)
                : t('deliveries.resending', { done: progress.done, of: progress.of })}
            </Text>
            <Button size="xs" onClick={() => void run()} loading={progress !== null}>
              {t('deliveries.resend_selected')}
            </Button>
            <Button variant="default" size="xs" onClick={onDone} disabled={progress !== null}>
              {t('deliveries.unselect')}
            </Button>
          </Group>
        </Paper>
      )}
      {summary !== null && (
        <Alert
          color={summary.refused > 0 ? 'red' : 'green'}
          role="status"
          title={t('deliveries.resent_title')}
          withCloseButton
          closeButtonLabel={t('common.close')}
          onClose={() => setSummary(null)}
        >
          <Text size="sm">{tn('deliveries.resent', summary.sent)}</Text>
          {summary.waiting > 0 && <Text size="sm">{tn('deliveries.was_waiting', summary.waiting)}</Text>}
          {summary.refused > 0 && (
            <Text size="sm">
              {tn('deliveries.refused', summary.refused, { reason: errorText(summary.error) })}
            </Text>
          )}
        </Alert>
      )}
    </>
  )
}
