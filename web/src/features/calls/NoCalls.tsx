import { Center, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, type List } from '../../api/client'
import type { User } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { useSession } from '../session/session'

/** Nobody speaks: what to dial to change that. */
export function NoCalls() {
  const { t } = useI18n()
  const { me } = useSession()
  const users = useQuery({
    queryKey: [...keys.users, 'reachable'],
    queryFn: async () => (await api.get<List<User>>('/users', { query: { limit: 100, sort: 'ext' } })).data,
    enabled: me.role === 'admin',
  })
  const reachable = users.data?.find((user) => user.nb_registered > 0 && user.active)
  return (
    <Center mih={220} px="md">
      <Stack gap="xs" align="center">
        <Text fw={600}>{t('calls.none')}</Text>
        <Text c="dimmed" ta="center">
          {t('calls.none_dial', { ext: reachable?.ext ?? me.ext })}
        </Text>
      </Stack>
    </Center>
  )
}
