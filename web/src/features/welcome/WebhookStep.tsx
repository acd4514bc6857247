import { Alert, Anchor, Button, Group, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type SubmitEvent, useCallback, useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'

import { api, ApiError, type FieldError, type One } from '../../api/client'
import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useErrorText } from '../../ui/errorText'
import { generateSecret } from '../../ui/secret'
import { SecretField } from '../webhooks/SecretField'
import { TEST_SECONDS } from '../webhooks/TestButton'
import { Tried } from '../webhooks/Tried'
import { useReason } from '../webhooks/useReason'
import { isAbort } from '../webhooks/useSave'
import { Waiting } from '../webhooks/Waiting'

interface Input {
  name: string
  url: string
  secret: string
}

/**
 * Makes the webhook, and lets the server send. Both, or a first webhook would be silent. Once it is made it is not
 * made again: another try goes on where the one before failed.
 */
function useFirstWebhook(onDone: () => void) {
  const queries = useQueryClient()
  const [made, setMade] = useState<number | null>(null)
  const running = useRef<AbortController | null>(null)
  const cancel = useCallback(() => running.current?.abort(), [])
  useEffect(() => cancel, [cancel])
  const save = useMutation({
    gcTime: 0,
    mutationFn: async (input: Input) => {
      const controller = new AbortController()
      running.current = controller
      const options = { signal: controller.signal }
      if (made === null) {
        const body = { ...input, events: ['call.state_change'] }
        setMade((await api.post<One<Webhook>>('/webhooks', body, options)).data.id)
      }
      await api.patch('/integrations/webhooks', { enabled: true }, options)
    },
    onSuccess: onDone,
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: keys.webhooks })
      void queries.invalidateQueries({ queryKey: keys.integration })
    },
  })
  return { save, cancel, made }
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
  const { save, cancel, made } = useFirstWebhook(onDone)
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
  if (save.isSuccess && made !== null) {
    return (
      <Anchor component={Link} href={`/webhooks/${made}`}>
        {t('welcome.webhook_see')}
      </Anchor>
    )
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={560}>
        {save.error !== null &&
          !isAbort(save.error) &&
          !complaints.some(({ field }) => FIELDS.includes(field)) && (
            <Alert color="red" role="alert">
              {errorText(save.error)}
            </Alert>
          )}
        <TextInput
          label={t('welcome.name')}
          required
          maxLength={100}
          readOnly={made !== null}
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
          readOnly={made !== null}
          value={input.url}
          onChange={(event) => setInput({ ...input, url: event.currentTarget.value })}
          error={about('url')}
        />
        {made === null && (
          <SecretField
            value={input.secret}
            error={about('secret')}
            onChange={(secret) => setInput({ ...input, secret })}
          />
        )}
        {exchange !== undefined && <Tried title={t('welcome.webhook_tried')} exchange={exchange} />}
        {save.isPending ? (
          <Group key="saving" align="flex-end">
            <Stack flex={1} miw={180}>
              <Waiting text={t('webhooks.asking')} most={TEST_SECONDS} />
            </Stack>
            <Button variant="default" onClick={cancel} autoFocus>
              {t('common.cancel')}
            </Button>
          </Group>
        ) : (
          <Group key="resting">
            <Button type="submit">
              {t(made === null ? 'welcome.webhook_save' : 'welcome.webhook_switch_on')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
