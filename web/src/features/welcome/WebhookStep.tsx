import { Alert, Button, Group, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type SubmitEvent, useState } from 'react'

import { api, ApiError, type FieldError, type One } from '../../api/client'
import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useErrorText } from '../../ui/errorText'
import { generateSecret } from '../../ui/secret'
import { SecretField } from '../webhooks/SecretField'
import { Tried } from '../webhooks/Tried'
import { useReason } from '../webhooks/useReason'

interface Input {
  name: string
  url: string
  secret: string
}

/** Makes the webhook, and lets the server send. Both, or a first webhook would be silent. */
function useFirstWebhook(onDone: () => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (input: Input) => {
      await api.post<One<Webhook>>('/webhooks', { ...input, events: ['call.state_change'] })
      await api.patch('/integrations/webhooks', { enabled: true })
    },
    onSuccess: onDone,
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: keys.webhooks }),
        queries.invalidateQueries({ queryKey: keys.integration }),
      ]),
  })
}

const FIELDS = ['name', 'url', 'secret']

/** Where the events of calls are sent. */
export function WebhookStep({ onDone }: { onDone: () => void }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const reason = useReason()
  const [input, setInput] = useState<Input>(() => ({
    name: t('welcome.webhook_name'),
    url: '',
    secret: generateSecret(),
  }))
  const save = useFirstWebhook(onDone)
  const complaints: FieldError[] = save.error instanceof ApiError ? save.error.fields : []
  const about = (field: string) => {
    const found = complaints.find((complaint) => complaint.field === field)
    return found === undefined ? undefined : reason(found.message)
  }
  const exchange = complaints.find((complaint) => complaint.exchange !== undefined)?.exchange
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    save.mutate(input)
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={560}>
        {save.error !== null && !complaints.some(({ field }) => FIELDS.includes(field)) && (
          <Alert color="red" role="alert">
            {errorText(save.error)}
          </Alert>
        )}
        <TextInput
          label={t('welcome.name')}
          required
          maxLength={100}
          value={input.name}
          onChange={(event) => setInput({ ...input, name: event.currentTarget.value })}
          error={about('name')}
        />
        <TextInput
          label={t('welcome.url')}
          description={t('welcome.url_hint')}
          placeholder={t('welcome.webhook_url_hint')}
          type="url"
          required
          maxLength={2_048}
          value={input.url}
          onChange={(event) => setInput({ ...input, url: event.currentTarget.value })}
          error={about('url')}
        />
        <SecretField
          value={input.secret}
          error={about('secret')}
          onChange={(secret) => setInput({ ...input, secret })}
        />
        {exchange !== undefined && <Tried title={t('welcome.webhook_tried')} exchange={exchange} />}
        <Group>
          <Button type="submit" loading={save.isPending}>
            {t('welcome.webhook_save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
