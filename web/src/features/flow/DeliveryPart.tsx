import { Anchor, Group, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'

import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { MessageText } from './MessageText'
import { ResendButton } from './ResendButton'
import type { Row } from './rows'

interface Props {
  row: Row
  rows: readonly Row[]
  /** Whether the row is part of an attempt, or tells that there was none. */
  attempt: boolean
}

/** An attempt whole: its request and its answer, whichever of the two was opened. */
export function DeliveryPart({ row, rows, attempt }: Props) {
  const { t } = useI18n()
  const { delivery_id: id } = row
  if (id === null) return null
  const both = rows.filter(
    (other) => other.kind === 'webhook' && other.delivery_id === id && other.attempt === row.attempt,
  )
  // Only an answer knows how long it took.
  const request = both.find((other) => other.ms === null)
  const answer = both.find((other) => other.ms !== null)
  return (
    <Stack gap="sm">
      <Group gap="sm">
        {row.attempt !== null && <Text size="sm">{t('flow.attempt', { n: row.attempt })}</Text>}
        <Anchor component={Link} href={`/deliveries/${id}`} size="sm">
          {t('flow.open_delivery', { id: String(id) })}
        </Anchor>
        <ResendButton id={id} />
      </Group>
      {attempt && request !== undefined && <Part name={t('common.request')} raw={request.raw} />}
      {attempt && answer !== undefined && (
        <>
          <Text size="sm" {...(answer.status === null ? { c: 'var(--mantine-color-error)' } : {})}>
            {answer.status === null
              ? (answer.error ?? t('common.no_answer'))
              : t('flow.answered', { status: String(answer.status), ms: answer.ms ?? 0 })}
          </Text>
          <Part name={t('common.response')} raw={answer.raw} />
        </>
      )}
    </Stack>
  )
}

function Part({ name, raw }: { name: string; raw: string | null }) {
  const { t } = useI18n()
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        {raw !== null && (
          <CopyButton size="compact-xs" text={raw} label={t('flow.copy_part', { part: name })} />
        )}
      </Group>
      {raw === null ? (
        <Text size="sm" c="dimmed">
          {t('common.nothing')}
        </Text>
      ) : (
        <MessageText raw={raw} kind="http" name={name} />
      )}
    </Stack>
  )
}
