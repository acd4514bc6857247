import { type QueryKey, useMutation, type UseMutationResult, useQueryClient } from '@tanstack/react-query'

import { api, ApiError } from '../api/client'

export type Deletion = UseMutationResult<void, Error, number>

/** Deletes rows of a list of the API, whose copies here are then stale. */
export function useDelete(list: string, key: QueryKey): Deletion {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (id: number) => {
      try {
        await api.delete(`${list}/${id}`)
      } catch (error) {
        // It was gone before: that is what was wanted.
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: key }),
  })
}
