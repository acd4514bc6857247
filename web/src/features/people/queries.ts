/** Users and phones of the server, and every change to them that the page makes. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api, type List, type One } from '../../api/client'
import type { Phone, User } from '../../api/types'
import { keys } from '../../live/caches'
import { useStreamState } from '../../live/useStream'
import { useSession } from '../session/session'
import { fullName } from './names'

/** Where no stream tells of registrations. */
const POLL = 10_000

/** What was sent or answered with a password goes with the form that shows it. */
const NOT_KEPT = 0

export function useUsers() {
  const live = useStreamState() === 'live'
  return useQuery({
    queryKey: [...keys.users, 'all'],
    queryFn: async () =>
      (await api.get<List<User>>('/users', { query: { limit: 10_000, sort: 'ext' } })).data,
    refetchInterval: live ? false : POLL,
  })
}

const NOBODY: ReadonlyMap<number, string> = new Map()

/** Names of all users by their ids; none for a user, who may not know of the others. */
export function useUserNames(): ReadonlyMap<number, string> {
  const { me } = useSession()
  const { data } = useQuery({
    queryKey: [...keys.users, 'names'],
    queryFn: async () => {
      const query = { limit: 10_000, sort: 'ext' }
      const { data } = await api.get<List<User>>('/users', { query })
      return new Map(data.map((user) => [user.id, `${fullName(user)} (${user.ext})`]))
    },
    enabled: me.role === 'admin',
    staleTime: 60_000,
  })
  return data ?? NOBODY
}

export function usePhones() {
  const live = useStreamState() === 'live'
  return useQuery({
    queryKey: [...keys.phones, 'all'],
    queryFn: async () =>
      (await api.get<List<Phone>>('/phones', { query: { limit: 10_000, sort: 'id' } })).data,
    refetchInterval: live ? false : POLL,
  })
}

/** What can be given of a user. */
export type UserInput = Partial<Omit<User, 'id' | 'created_at' | 'nb_registered' | 'voicemail_after'>> & {
  /** `null` where none was typed, which the server refuses. */
  voicemail_after?: number | null
  password?: string
}

/** Makes a user, or changes one; also the one who is signed in. */
export function useSaveUser(id: number | null) {
  const queries = useQueryClient()
  const { me, signInAgain } = useSession()
  return useMutation({
    gcTime: NOT_KEPT,
    mutationFn: async (input: UserInput): Promise<User> => {
      if (id === null) return (await api.post<One<User>>('/users', input)).data
      const { data } = await api.patch<One<User>>(`/users/${id}`, input)
      if (id === me.id && input.password !== undefined) {
        // A new password ends all sessions of its user. The person who typed it just now need not type it again.
        await signInAgain(data.email, input.password)
      }
      return data
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: keys.users })
      // A user who is switched off has no phone that could register.
      void queries.invalidateQueries({ queryKey: keys.phones })
      if (id === me.id) void queries.invalidateQueries({ queryKey: keys.me })
    },
  })
}

export function useDeleteUser() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (id: number) => api.delete(`/users/${id}`),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: keys.users })
      void queries.invalidateQueries({ queryKey: keys.phones })
    },
  })
}

export interface PhoneInput {
  user_id: number
  username?: string
  display_name?: string
}

/** What can be done to phones; `make` and `reset` answer with the password. */
export function usePhoneChanges() {
  const queries = useQueryClient()
  // Not waited for: what follows from an answer that holds a password comes first.
  const onSettled = () => {
    void queries.invalidateQueries({ queryKey: keys.phones })
  }
  const make = useMutation({
    gcTime: NOT_KEPT,
    mutationFn: async (input: PhoneInput) => (await api.post<One<Phone>>('/phones', input)).data,
    onSettled,
  })
  const reset = useMutation({
    gcTime: NOT_KEPT,
    mutationFn: async (id: number) => (await api.post<One<Phone>>(`/phones/${id}/reset`)).data,
    onSettled,
  })
  const rename = useMutation({
    mutationFn: async ({ id, name }: { id: number; name: string }) =>
      (await api.patch<One<Phone>>(`/phones/${id}`, { display_name: name })).data,
    onSettled,
  })
  const remove = useMutation({ mutationFn: (id: number) => api.delete(`/phones/${id}`), onSettled })
  return { make, reset, rename, remove }
}
