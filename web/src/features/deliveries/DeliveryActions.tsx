import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from 'wouter'

import type { Delivery, Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { useErrorText } from '../../ui/errorText'
import { curl } from './curl'
import { type Resent, useResend } from './queries'
import { callOf } from './rows'

interface Props {
  delivery: Delivery
  webhook: Webhook | undefined
}

/** Sends it again, hands it over as a command, goes to its call. */
export function DeliveryActions({ delivery, webhook }: Props) {
  const { t } = useI18n()
  const resend = useResend()
  const again = useMutation({
    mutationFn: () => resend(delivery.id),
  })
  const last = delivery.attempts.at(-1)
  const root = callOf(delivery.root_call_id)
  const copyable = webhook !== undefined && last !== undefined
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Button size="xs" onClick={() => again.mutate()} loading={again.isPending}>
          {t('deliveries.resend')}
        </Button>
        {copyable && (
          <CopyButton
            text={() => curl({ url: webhook.url, headers: last.request_headers, body: delivery.body })}
            label={t('deliveries.curl')}
          />
        )}
        {root !== null && (
          <Button component={Link} href={`/calls/${root}`} variant="default" size="xs">
            {t('deliveries.to_call')}
          </Button>
        )}
        <Text size="sm" role="status">
          {again.isSuccess && <Result resent={again.data} />}
        </Text>
      </Group>
      {copyable && (
        <Text size="xs" c="dimmed">
          {t('deliveries.curl_about')}
        </Text>
      )}
    </Stack>
  )
}

function Result({ resent }: { resent: Resent }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  switch (resent.kind) {
    case 'sent':
      return t('deliveries.sent_again')
    case 'waiting':
      return t('deliveries.waits_already')
    case 'refused':
      return errorText(resent.error)
  }
}
