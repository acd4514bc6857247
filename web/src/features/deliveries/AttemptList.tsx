import { Accordion, Group, Stack, Text, Title } from '@mantine/core'

import type { Delivery } from '../../api/types'
import { useI18n } from '../../i18n'
import { ExchangeView } from '../../ui/ExchangeView'
import { Time } from '../../ui/Time'
import { useReason } from '../webhooks/useReason'

/** Each attempt with both sides of it, the newest first and open. */
export function AttemptList({ delivery }: { delivery: Delivery }) {
  const { t } = useI18n()
  const reason = useReason()
  const newestFirst = [...delivery.attempts].sort((a, b) => b.n - a.n)
  const newest = newestFirst[0]
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        {t('deliveries.attempts')}
      </Title>
      {newest === undefined ? (
        <Text c="dimmed">{t('deliveries.no_attempts')}</Text>
      ) : (
        <Accordion
          // A new attempt opens by itself; those opened by hand close again with it.
          key={newest.n}
          multiple
          variant="contained"
          defaultValue={[String(newest.n)]}
          keepMounted={false}
          order={3}
        >
          {newestFirst.map((attempt) => (
            <Accordion.Item key={attempt.n} value={String(attempt.n)}>
              <Accordion.Control>
                <Group gap="sm">
                  <Text fw={600}>{t('deliveries.attempt', { n: attempt.n })}</Text>
                  <Outcome status={attempt.status} error={attempt.error} />
                  <Text size="sm" c="dimmed">
                    {t('common.in_ms', { ms: attempt.ms })}
                  </Text>
                  <Text size="sm" c="dimmed">
                    <Time at={attempt.at} />
                  </Text>
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <ExchangeView
                  requestHeaders={attempt.request_headers}
                  requestBody={delivery.body}
                  status={attempt.status}
                  ms={attempt.ms}
                  error={attempt.error === null ? null : reason(attempt.error)}
                  responseHeaders={attempt.response_headers}
                  responseBody={attempt.response_body}
                />
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
      )}
    </Stack>
  )
}

/** A status with a sign of whether it is a good one, or why there is none. */
function Outcome({ status, error }: { status: number | null; error: string | null }) {
  const { t } = useI18n()
  const reason = useReason()
  const good = status !== null && status >= 200 && status < 300
  return (
    <Text size="sm" c={good ? 'var(--mantine-color-text)' : 'var(--mantine-color-error)'}>
      <span aria-hidden>{good ? '✓' : '✕'}</span>{' '}
      <bdi>{status ?? (error === null ? t('common.no_answer') : reason(error))}</bdi>
    </Text>
  )
}
