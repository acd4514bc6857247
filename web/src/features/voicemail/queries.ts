/** Voice messages of the server, and what the page notes of them. */

import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api } from '../../api/client'
import type { VoiceMessage } from '../../api/types'
import { keys } from '../../live/caches'
import type { Place } from '../../ui/listView'
import { useList } from '../../ui/useList'

/** One page of the list, the newest first. */
export function useMessages({ page, size }: Place) {
  return useList<VoiceMessage>('/voicemessages', keys.voicemail, { sort: '-origtime', page, limit: size })
}

/** Notes that a message was heard. */
export function useHeard() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (id: number) => api.patch(`/voicemessages/${id}`, { is_new: false }),
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.voicemail }),
  })
}
