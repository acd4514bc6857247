import { Center, Loader, Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { navigate } from 'wouter/use-browser-location'

import { api, ApiError, onLapsed, type One } from '../../api/client'
import type { Me } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { stream } from '../../live/stream'
import { useErrorText } from '../../ui/errorText'
import { Fault } from '../../ui/Fault'
import { Lapse } from './lapse'
import { SessionContext } from './session'
import { SignIn } from './SignIn'
import { onNews, tellTabs } from './tabs'

/** Above every dialog of the page: what is typed there waits behind it. */
const ON_TOP = 1_000

/** Nothing of what this person saw stays for the next one. */
function leave(): void {
  window.location.assign('/')
}

/**
 * Shows its children to somebody who is signed in. When the session lapses meanwhile, it asks for the password in
 * front of them: what was typed stays, and the request that was refused goes out again.
 */
export function SessionGate({ children }: { children: ReactNode }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const queries = useQueryClient()
  const me = useQuery({
    queryKey: keys.me,
    queryFn: async () => (await api.get<One<Me>>('/me', { renew: false })).data,
    staleTime: Infinity,
    // A lapse is found out by what the person does, not by this.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
  })
  const person = me.data
  const { lapse, lapsed } = useLapse(person?.id)

  const signOut = useCallback(async () => {
    try {
      await api.delete('/session', { renew: false })
    } catch (error) {
      const over = error instanceof ApiError && (error.status === 401 || error.status === 404)
      if (!over) {
        // The cookie is still good: to leave now would only look like signing out.
        notifications.show({ color: 'red', title: t('session.not_signed_out'), message: errorText(error) })
        return
      }
    }
    tellTabs('signed-out')
    leave()
  }, [t, errorText])

  const signInAgain = useCallback(
    async (email: string, password: string) => {
      await api.post('/session', { email, password }, { renew: false })
      lapse.renewed()
      stream.resume()
    },
    [lapse],
  )

  const session = useMemo(
    () => (person === undefined ? null : { me: person, signOut, signInAgain }),
    [person, signOut, signInAgain],
  )
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
          zIndex={ON_TOP}
          centered
        >
          <SignIn
            email={session.me.email}
            onSignedIn={() => {
              lapse.renewed()
              tellTabs('signed-in')
              stream.resume()
            }}
          />
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
    const signedIn = () => {
      tellTabs('signed-in')
      // The first screen depends on whether anything is set up.
      if (window.location.pathname === '/calls') navigate('/', { replace: true })
      void queries.resetQueries({ queryKey: keys.me })
    }
    return <SignIn full onSignedIn={signedIn} />
  }
  return <Fault error={me.error} retry={() => void me.refetch()} />
}

/** Whether the session of a person lapsed, and what ends that. */
function useLapse(person: number | undefined): { lapse: Lapse; lapsed: boolean } {
  const queries = useQueryClient()
  const [lapsed, setLapsed] = useState(false)
  const [lapse] = useState(() => new Lapse(setLapsed, leave))
  useEffect(() => {
    lapse.of(person)
  }, [lapse, person])
  useEffect(() => {
    onLapsed(lapse.renew)
    return () => onLapsed(null)
  }, [lapse])
  useEffect(
    () =>
      onNews((news) => {
        switch (news) {
          case 'signed-out':
            if (lapse.person !== undefined) leave()
            return
          case 'signed-in':
            if (lapse.person === undefined) void queries.resetQueries({ queryKey: keys.me })
            else void lapse.look()
            return
        }
      }),
    [lapse, queries],
  )
  // Escape would close the dialog behind, with what was typed there; this listener is older than that dialog's.
  const asked = useRef(lapsed)
  useEffect(() => {
    asked.current = lapsed
  }, [lapsed])
  useEffect(() => {
    const guard = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && asked.current) event.stopImmediatePropagation()
    }
    window.addEventListener('keydown', guard, { capture: true })
    return () => window.removeEventListener('keydown', guard, { capture: true })
  }, [])
  // A ticket in the address of somebody who is signed in is of no use, and must not stay there to be copied.
  useEffect(() => {
    if (person !== undefined && window.location.hash.startsWith('#ticket='))
      navigate(window.location.pathname + window.location.search, { replace: true })
  }, [person])
  return { lapse, lapsed }
}
