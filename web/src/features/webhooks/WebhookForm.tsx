import { NumberInput, Stack, Switch, TextInput } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'

import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { isolate } from '../../ui/isolate'
import { ContextPicker } from './ContextPicker'
import { EventPicker } from './EventPicker'
import { HeaderLines } from './HeaderLines'
import { OrderPicker } from './OrderPicker'
import type { Field } from './refusal'
import { SaveBar } from './SaveBar'
import { Tried } from './Tried'
import type { Editor } from './useEditor'
import { useReason } from './useReason'

interface Props {
  editor: Editor
  /** As it is on the server; none when it is being made. */
  webhook: Webhook | null
  /** The secret of a new one. */
  secret?: ReactNode
}

/** All fields of a webhook, and the bar that saves them. */
export function WebhookForm({ editor, webhook, secret }: Props) {
  const { t } = useI18n()
  const { values, change, refusal, saving } = editor
  const complaint = useComplaint(editor)
  const form = useFirstFault(editor)
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        // React lets the submit of a dialog's form rise to here, through which it was rendered.
        if (event.target === event.currentTarget && !saving) editor.submit()
      }}
    >
      <fieldset disabled={saving} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack gap="xl" maw={760}>
          <TextInput
            label={t('webhooks.name')}
            description={t('webhooks.name_about')}
            required
            value={values.name}
            error={complaint('name')}
            autoComplete="off"
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <Stack gap="xs">
            <TextInput
              label={t('webhooks.url')}
              description={t('webhooks.url_about')}
              required
              type="url"
              value={values.url}
              error={complaint('url')}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => change({ url: event.currentTarget.value })}
            />
            {refusal !== null && refusal.exchange !== null && (
              <Tried title={t('webhooks.tried')} exchange={refusal.exchange} />
            )}
          </Stack>
          {secret}
          <EventPicker
            value={values.events}
            saved={webhook?.events ?? []}
            error={complaint('events')}
            onChange={(events) => change({ events })}
          />
          <ContextPicker
            value={values.contexts}
            saved={webhook?.contexts ?? []}
            error={complaint('contexts')}
            onChange={(contexts) => change({ contexts })}
          />
          <OrderPicker
            value={values.order}
            error={complaint('order')}
            onChange={(order) => change({ order })}
          />
          <HeaderLines
            lines={values.headers}
            errors={refusal?.headers ?? {}}
            error={complaint('headers')}
            onChange={(headers) => change({ headers })}
          />
          <NumberInput
            label={t('webhooks.timeout')}
            description={t('webhooks.timeout_about')}
            value={values.timeout}
            error={complaint('timeout')}
            min={1_000}
            max={30_000}
            step={1_000}
            clampBehavior="none"
            allowDecimal={false}
            maw={240}
            hideControls
            onChange={(timeout) => change({ timeout })}
          />
          {webhook === null && (
            <Switch
              label={t('webhooks.start_active')}
              description={t('webhooks.start_active_about')}
              checked={values.active}
              onChange={(event) => change({ active: event.currentTarget.checked })}
            />
          )}
        </Stack>
      </fieldset>
      <SaveBar editor={editor} isNew={webhook === null} />
    </form>
  )
}

/** The complaint about a field in the reader's language. */
export function useComplaint({ refusal }: Pick<Editor, 'refusal'>): (field: Field) => string | undefined {
  const reason = useReason()
  return (field) => {
    const complaint = refusal?.fields[field]
    if (complaint === undefined) return undefined
    const text = reason(complaint.message)
    return complaint.about === undefined ? text : `${isolate(complaint.about)}: ${text}`
  }
}

/** Brings whoever was refused to the first field that has a complaint, once the fields can be typed in again. */
function useFirstFault({ outcome, saving }: Editor) {
  const form = useRef<HTMLFormElement>(null)
  const refused = outcome?.kind === 'refused' && !saving
  useEffect(() => {
    if (!refused) return
    const fault = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')
    fault?.focus({ preventScroll: true })
    // The header and the bar below cover the edges: only the middle is sure to be seen.
    fault?.scrollIntoView({ block: 'center' })
  }, [refused])
  return form
}
