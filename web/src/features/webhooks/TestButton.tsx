import { Alert, Button, type ButtonProps, Group, Modal, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'

import type { WebhookTest } from '../../api/types'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { ExchangeView } from '../../ui/ExchangeView'
import { isolate } from '../../ui/isolate'
import { testWebhook } from './queries'
import { useReason } from './useReason'
import { Waiting } from './Waiting'

/** The server gives the receiver so many seconds for a test. */
export const TEST_SECONDS = 10

interface Props extends ButtonProps {
  webhook: { id: number; name: string }
}

/** Sends a signed `webhook.test` and shows both sides of it; closing gives it up. */
export function TestButton({ webhook, ...button }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [opened, setOpened] = useState(false)
  const running = useRef<AbortController | null>(null)
  const test = useMutation({
    mutationFn: () => {
      const controller = new AbortController()
      running.current = controller
      return testWebhook(webhook.id, controller.signal)
    },
  })
  const start = () => {
    setOpened(true)
    test.mutate()
  }
  const close = () => {
    running.current?.abort()
    setOpened(false)
  }
  return (
    <>
      <Button variant="default" size="xs" {...button} onClick={start} aria-haspopup="dialog">
        {t('webhooks.test')}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        title={t('webhooks.test_of', { name: isolate(webhook.name) })}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        <Stack>
          {test.isPending && <Waiting text={t('webhooks.testing')} most={TEST_SECONDS} />}
          {test.isError && (
            <Alert color="red" role="alert">
              {errorText(test.error)}
            </Alert>
          )}
          {test.isSuccess && <Outcome test={test.data} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={start} disabled={test.isPending}>
              {t('webhooks.test_again')}
            </Button>
            <Button onClick={close}>{t(test.isPending ? 'common.cancel' : 'common.close')}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}

function Outcome({ test }: { test: WebhookTest }) {
  const { t } = useI18n()
  const reason = useReason()
  const { delivered, exchange } = test
  return (
    <>
      <Alert
        color={delivered ? 'green' : 'red'}
        role="status"
        title={t(delivered ? 'webhooks.test_passed' : 'webhooks.test_failed')}
      >
        {delivered ? t('webhooks.test_passed_text') : <bdi>{reason(test.reason ?? '')}</bdi>}
      </Alert>
      <ExchangeView
        requestHeaders={exchange.request_headers}
        requestBody={exchange.request_body}
        status={exchange.status}
        ms={exchange.ms}
        responseHeaders={exchange.response_headers}
        responseBody={exchange.response_body}
      />
    </>
  )
}
