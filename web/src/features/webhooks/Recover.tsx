import { Alert, Button, Group, Radio, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { useErrorText } from '../../ui/errorText'
import { toLocal, toUtc } from '../deliveries/when'
import { type Recovery, useRecover } from './queries'

const DAY = 86_400_000

/** Sends again what did not arrive since a moment: counted first, sent once that was seen. */
export function Recover({ id }: { id: number }) {
  const { t, tn } = useI18n()
  const errorText = useErrorText()
  const [since, setSince] = useState(() => toLocal(new Date(Date.now() - DAY)))
  const [only, setOnly] = useState<Recovery['only']>('failed')
  const [asking, setAsking] = useState(false)
  const count = useRecover(id)
  const recover = useRecover(id)
  const utc = toUtc(since)
  const start = () => {
    if (utc === null) return
    recover.reset()
    count.mutate({ since: utc, only, dryRun: true }, { onSuccess: (found) => setAsking(found > 0) })
  }
  const confirmed = () => {
    if (utc === null) return
    recover.mutate({ since: utc, only, dryRun: false }, { onSettled: () => setAsking(false) })
  }
  const error = count.error ?? recover.error
  return (
    <Stack gap="xs" align="flex-start">
      <Title order={2} size="h4">
        {t('webhooks.recover')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('webhooks.recover_about')}
      </Text>
      <TextInput
        type="datetime-local"
        label={t('webhooks.recover_since')}
        value={since}
        error={utc === null ? t('webhooks.recover_since_missing') : undefined}
        onChange={(event) => setSince(event.currentTarget.value)}
      />
      <Radio.Group
        label={t('webhooks.recover_what')}
        value={only}
        onChange={(value) => setOnly(value === 'all' ? 'all' : 'failed')}
      >
        <Stack gap="xs" mt={4}>
          <Radio value="failed" label={t('webhooks.recover_failed')} />
          <Radio value="all" label={t('webhooks.recover_all')} />
        </Stack>
      </Radio.Group>
      <Button variant="default" size="xs" onClick={start} loading={count.isPending} disabled={utc === null}>
        {t('webhooks.recover_count')}
      </Button>
      <Group role="status">
        {count.data === 0 && <Text size="sm">{t('webhooks.recover_none')}</Text>}
        {recover.isSuccess && <Text size="sm">{tn('webhooks.recovered', recover.data)}</Text>}
      </Group>
      {error !== null && (
        <Alert color="red" role="alert">
          {errorText(error)}
        </Alert>
      )}
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('webhooks.recover')}
        text={tn('webhooks.recover_found', count.data ?? 0)}
        action={t('webhooks.recover_do')}
        busy={recover.isPending}
        onConfirm={confirmed}
      />
    </Stack>
  )
}
