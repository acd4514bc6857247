/** Voice messages of the server, and what the page does to them. */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api, ApiError, type List } from '../../api/client'
import type { VoiceMessage } from '../../api/types'
import { keys } from '../../live/caches'
import { useStreamState } from '../../live/useStream'

/** How often the list is asked for where no stream tells of new messages. */
const POLL = 10_000

/** One page of the list, the newest first; the one before stays until the next one is there. */
export function useMessages(page: number, limit: number) {
  const live = useStreamState() === 'live'
  const query = { sort: '-origtime', page, limit }
  return useQuery({
    queryKey: [...keys.voicemail, query],
    queryFn: ({ signal }) => api.get<List<VoiceMessage>>('/voicemessages', { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: live ? false : POLL,
  })
}

/** Notes that a message was heard. */
export function useHeard() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (id: number) => api.patch(`/voicemessages/${id}`, { is_new: false }),
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.voicemail }),
  })
}

export function useDeleteMessage() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (id: number) => {
      try {
        await api.delete(`/voicemessages/${id}`)
      } catch (error) {
        // It was gone before: that is what was wanted.
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.voicemail }),
  })
}
