/** Webhooks on the server: what is read, and what can be done to them. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'

import { api, type List, type One } from '../../api/client'
import type { Activity, Integration, Webhook, WebhookTest } from '../../api/types'
import { keys } from '../../live/caches'

/** More than anybody has; the page shows them all at once. */
const ALL = 1_000

export function useWebhooks() {
  return useQuery({
    queryKey: [...keys.webhooks, 'all'],
    queryFn: ({ signal }) => api.get<List<Webhook>>('/webhooks', { query: { limit: ALL }, signal }),
  })
}

/** The names of all, by their numbers. */
export function useWebhookNames(): ReadonlyMap<number, string> {
  const { data } = useWebhooks()
  return useMemo(() => new Map(data?.data.map(({ id, name }) => [id, name])), [data])
}

export function useWebhook(id: string) {
  return useQuery({
    queryKey: [...keys.webhooks, id],
    queryFn: async ({ signal }) =>
      (await api.get<One<Webhook>>(`/webhooks/${encodeURIComponent(id)}`, { signal })).data,
  })
}

export function useIntegration() {
  return useQuery({
    queryKey: keys.integration,
    queryFn: async ({ signal }) =>
      (await api.get<One<Integration>>('/integrations/webhooks', { signal })).data,
  })
}

export function useSwitchIntegration() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (enabled: boolean) =>
      (await api.patch<One<Integration>>('/integrations/webhooks', { enabled })).data,
    onSuccess: (integration) => queries.setQueryData(keys.integration, integration),
  })
}

/** The last 24 hours of each webhook. */
export function useActivity() {
  return useQuery({
    queryKey: keys.activity,
    // Bars of an hour: each minute is often enough.
    refetchInterval: 60_000,
    queryFn: async ({ signal }) => {
      const { data } = await api.get<List<Activity>>('/webhooks/activity', { signal })
      return new Map(data.map((activity) => [activity.webhook_id, activity.hours]))
    },
    staleTime: 60_000,
  })
}

export function useSetActive(id: number) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (active: boolean) => api.patch<One<Webhook>>(`/webhooks/${id}`, { active }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.webhooks }),
  })
}

export function useDeleteWebhook(id: number) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => api.delete(`/webhooks/${id}`),
    onSuccess: async () => {
      // Only the list: to load what was just deleted would answer 404.
      queries.removeQueries({ queryKey: [...keys.webhooks, String(id)], type: 'inactive' })
      await queries.invalidateQueries({ queryKey: [...keys.webhooks, 'all'] })
    },
  })
}

export function testWebhook(id: number, signal: AbortSignal): Promise<WebhookTest> {
  return api.post<One<WebhookTest>>(`/webhooks/${id}/test`, {}, { signal }).then(({ data }) => data)
}

export function useRotateSecret(id: number) {
  return useMutation({
    // The secret is kept nowhere but in the component that shows it.
    gcTime: 0,
    mutationFn: async () =>
      (await api.post<One<Webhook>>(`/webhooks/${id}/rotate-secret`)).data.secret ?? null,
  })
}

export interface Recovery {
  since: string
  only: 'failed' | 'all'
}

export function useRecover(id: number) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async ({ dryRun, ...which }: Recovery & { dryRun: boolean }) => {
      const body = { ...which, dry_run: dryRun }
      const answer = await api.post<One<{ count: number }>>(`/webhooks/${id}/recover`, body)
      return answer.data.count
    },
    onSuccess: (_, { dryRun }) =>
      dryRun ? undefined : queries.invalidateQueries({ queryKey: keys.deliveries }),
  })
}
