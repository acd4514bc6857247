import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ApiError } from '../../api/client'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useErrorText } from '../../ui/errorText'

interface Props {
  ids: number[]
  onOver: (id: number) => void
  onClear: () => void
}

/** What can be done with the calls that are selected. */
export function Selected({ ids, onOver, onClear }: Props) {
  const { t, tn } = useI18n()
  const queries = useQueryClient()
  const errorText = useErrorText()
  // The calls that were asked about: a yes to three of them is none to four.
  const [asked, setAsked] = useState('')
  const these = ids.join()
  const hangUp = useMutation({
    mutationFn: async () => {
      // One after the other: a server that refuses one would refuse all.
      for (const id of ids) {
        try {
          await api.delete(`/calls/${id}`)
        } catch (error) {
          if (!(error instanceof ApiError && error.status === 404)) throw error
        }
        onOver(id)
      }
    },
    onError: (error) =>
      notifications.show({ color: 'red', title: t('calls.not_hung_up'), message: errorText(error) }),
    onSettled: () => {
      setAsked('')
      void queries.invalidateQueries({ queryKey: keys.calls })
    },
  })
  if (asked !== '' && asked !== these && !hangUp.isPending) setAsked('')
  if (ids.length === 0) return null
  return (
    <Group gap="xs" role="group" aria-label={t('calls.selection')}>
      <Text size="sm">{tn('calls.selected', ids.length)}</Text>
      {hangUp.isPending || asked === these ? (
        <Button size="compact-sm" color="red" loading={hangUp.isPending} onClick={() => hangUp.mutate()}>
          {tn('calls.hang_up_these', ids.length)}
        </Button>
      ) : (
        <Button size="compact-sm" variant="default" onClick={() => setAsked(these)}>
          {t('calls.hang_up')}
        </Button>
      )}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        {t('calls.select_none')}
      </Button>
    </Group>
  )
}
