/** Saving, which may take ten seconds because the receiver is asked first, and can be given up meanwhile. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'

import { api, type One } from '../../api/client'
import type { Webhook } from '../../api/types'
import { keys } from '../../live/caches'
import type { Body } from './form'

export type Saving = Body & { secret?: string }

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

/** Creates a webhook, or alters the one of this number. */
export function useSave(id: number | null) {
  const queries = useQueryClient()
  const running = useRef<AbortController | null>(null)
  const cancel = useCallback(() => running.current?.abort(), [])
  // Whoever leaves the page gives up too: nobody would see the answer.
  useEffect(() => cancel, [cancel])
  const save = useMutation({
    gcTime: 0,
    mutationFn: async (body: Saving) => {
      const controller = new AbortController()
      running.current = controller
      const options = { signal: controller.signal }
      const answer =
        id === null
          ? await api.post<One<Webhook>>('/webhooks', body, options)
          : await api.patch<One<Webhook>>(`/webhooks/${id}`, body, options)
      return answer.data
    },
    onSuccess: (saved) => {
      const { secret, exchange, ...webhook } = saved
      // What is shown once is not kept with what is loaded again and again.
      if (id !== null && secret === undefined) {
        queries.setQueryData<Webhook>([...keys.webhooks, String(id)], webhook)
      }
      return exchange
    },
    // Also after a cancel: it may have come too late.
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.webhooks }),
  })
  return { save, cancel }
}
