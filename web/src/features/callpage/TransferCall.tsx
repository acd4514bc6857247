import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { api, type One } from '../../api/client'
import type { LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useRefusal } from './useRefusal'

/** States in which a call can go to somebody else. */
const MOVABLE = ['RINGING', 'CONNECTED', 'ON_HOLD']

/** Sends a call on to another number, and goes over to the call that begins with it. */
export function TransferCall({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  const refusal = useRefusal()
  const queries = useQueryClient()
  const [, go] = useLocation()
  const [asking, ask] = useState(false)
  const [number, setNumber] = useState('')
  const transfer = useMutation({
    mutationFn: () => api.patch<One<LiveCall>>(`/calls/${call.id}`, { dst: number }),
    onSuccess: ({ data }) => go(`/calls/${data.id}`),
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.calls }),
  })
  if (!MOVABLE.includes(call.state)) return null
  const close = () => {
    ask(false)
    setNumber('')
    transfer.reset()
  }
  return (
    <>
      <Button variant="default" size="xs" onClick={() => ask(true)}>
        {t('flow.call_transfer')}
      </Button>
      <Modal
        opened={asking}
        onClose={close}
        title={t('flow.call_transfer_title')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault()
            transfer.mutate()
          }}
        >
          <Stack>
            <TextInput
              label={t('flow.call_transfer_to')}
              description={t('flow.call_transfer_about')}
              inputMode="tel"
              maxLength={15}
              required
              data-autofocus
              value={number}
              onChange={(event) => setNumber(event.currentTarget.value.trim())}
              error={transfer.isError ? <bdi>{refusal(transfer.error)}</bdi> : undefined}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {t('common.cancel')}
              </Button>
              <Button type="submit" loading={transfer.isPending}>
                {t('flow.call_transfer_now')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  )
}
