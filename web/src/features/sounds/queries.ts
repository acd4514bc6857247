/** The library of sounds, what of it is heard where, and what the page does to both. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api, ApiError, type List, type One } from '../../api/client'
import type { Settings, Sound } from '../../api/types'
import { keys } from '../../live/caches'

/** More than the server keeps. */
const ALL = 1_000

/** As much as the server takes. It would close the connection over more, which looks like a server that is away. */
const LARGEST = 20_000_000

export function useSounds() {
  return useQuery({
    queryKey: keys.sounds,
    queryFn: ({ signal }) => api.get<List<Sound>>('/sounds', { query: { sort: 'name', limit: ALL }, signal }),
  })
}

export function useAddSound() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async ({ name, file }: { name: string; file: File }) => {
      if (file.size > LARGEST)
        throw new ApiError(413, 'sound_large', '', [{ field: 'body', message: '' }], null)
      return (await api.upload<One<Sound>>('/sounds', file, { name })).data
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: keys.sounds }),
  })
}

export function useSettings() {
  return useQuery({
    queryKey: keys.settings,
    queryFn: async ({ signal }) => (await api.get<One<Settings>>('/settings', { signal })).data,
  })
}

export function useChoose() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (choice: Partial<Settings>) =>
      (await api.patch<One<Settings>>('/settings', choice)).data,
    onSuccess: (settings) => queries.setQueryData(keys.settings, settings),
    // Somebody else deleted the sound meanwhile.
    onError: () => void queries.invalidateQueries({ queryKey: keys.sounds }),
  })
}
