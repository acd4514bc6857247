import { Center, Loader, Modal } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'

import { api, ApiError, onLapsed, type One } from '../../api/client'
import type { Me } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { Fault } from '../../ui/Fault'
import { SessionContext } from './session'
import { SignIn } from './SignIn'

/**
 * Shows its children to somebody who is signed in. When the session lapses meanwhile, it asks for the password in
 * front of them: what was typed stays, and the request that was refused goes out again.
 */
export function SessionGate({ children }: { children: ReactNode }) {
  const { t } = useI18n()
  const queries = useQueryClient()
  const me = useQuery({
    queryKey: keys.me,
    queryFn: async () => (await api.get<One<Me>>('/me', { renew: false })).data,
    staleTime: Infinity,
    retry: false,
  })
  const [lapsed, setLapsed] = useState(false)
  const waiting = useRef<(() => void)[]>([])

  useEffect(() => {
    onLapsed(
      () =>
        new Promise<void>((resolve) => {
          waiting.current.push(resolve)
          setLapsed(true)
        }),
    )
    return () => onLapsed(null)
  }, [])

  const renewed = useCallback(() => {
    setLapsed(false)
    for (const resolve of waiting.current.splice(0)) resolve()
  }, [])

  const signOut = useCallback(async () => {
    await api.delete('/session', { renew: false }).catch(() => undefined)
    // Nothing of what this person saw stays for the next one.
    window.location.assign('/')
  }, [])

  const person = me.data
  const session = useMemo(() => (person === undefined ? null : { me: person, signOut }), [person, signOut])
  if (session !== null) {
    return (
      <SessionContext value={session}>
        {children}
        <Modal
          opened={lapsed}
          onClose={() => undefined}
          withCloseButton={false}
          closeOnEscape={false}
          closeOnClickOutside={false}
          title={t('session.lapsed')}
          centered
        >
          <SignIn email={session.me.email} onSignedIn={renewed} />
        </Modal>
      </SessionContext>
    )
  }
  if (me.isPending) {
    return (
      <Center mih="100vh">
        <Loader aria-label={t('common.loading')} />
      </Center>
    )
  }
  if (me.error instanceof ApiError && me.error.status === 401) {
    return <SignIn full onSignedIn={() => void queries.resetQueries({ queryKey: keys.me })} />
  }
  return <Fault error={me.error} retry={() => void me.refetch()} />
}
