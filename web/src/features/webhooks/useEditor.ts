/** What is typed over a webhook as it is on the server, and what came of saving it. */

import { useState } from 'react'

import type { Exchange } from '../../api/client'
import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { isolate } from '../../ui/isolate'
import { bodyOf, changes, EMPTY, touched, twice, type Values, valuesOf } from './form'
import { type Field, type Refusal, refusalOf, without } from './refusal'
import { isAbort, type Saving, useSave } from './useSave'

/** What the page says after saving. */
export interface Saved {
  webhook: Webhook
  /** Whether the receiver was asked first. */
  tested: boolean
  exchange: Exchange | null
}

export type Outcome =
  { kind: 'saved'; saved: Saved } | { kind: 'refused'; refusal: Refusal } | { kind: 'cancelled' }

export function useEditor(webhook: Webhook | null, secret?: string) {
  const { t } = useI18n()
  // Only what was typed is kept: the rest follows the server, who else may alter it.
  const [edits, setEdits] = useState<Partial<Values>>({})
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const { save, cancel } = useSave(webhook?.id ?? null)
  const values: Values = { ...(webhook === null ? EMPTY : valuesOf(webhook)), ...edits }
  const body: Saving = webhook === null ? bodyOf(values) : changes(values, webhook)
  const dirty = webhook === null ? touched(values) && outcome?.kind !== 'saved' : Object.keys(body).length > 0
  const refusal = outcome?.kind === 'refused' ? outcome.refusal : null

  /** Forgets the complaints about fields that are typed in, and what was said of an earlier save. */
  const forget = (fields: Field[]) =>
    setOutcome((last) =>
      last?.kind === 'refused' ? { kind: 'refused', refusal: without(last.refusal, fields) } : null,
    )

  const change = (part: Partial<Values>) => {
    setEdits((before) => ({ ...before, ...part }))
    forget(Object.keys(part) as Field[])
  }

  const submit = () => {
    setOutcome(null)
    const doubled = twice(values.headers)
    if (doubled !== undefined) {
      const message = t('webhooks.header_twice', { name: isolate(doubled) })
      const fields = { headers: { message } }
      setOutcome({ kind: 'refused', refusal: { ...refusalOf(null, values), fields } })
      return
    }
    save.mutate(secret === undefined ? body : { ...body, secret }, {
      onSuccess: ({ exchange, ...saved }) => {
        const tested = webhook === null || body.url !== undefined
        setEdits({})
        setOutcome({ kind: 'saved', saved: { webhook: saved, tested, exchange: exchange ?? null } })
      },
      onError: (error) =>
        setOutcome(
          isAbort(error) ? { kind: 'cancelled' } : { kind: 'refused', refusal: refusalOf(error, values) },
        ),
    })
  }

  return { values, change, forget, dirty, refusal, outcome, saving: save.isPending, body, submit, cancel }
}

export type Editor = ReturnType<typeof useEditor>
