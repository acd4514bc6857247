import { AppShell, Burger, Center, Group, Loader, Text } from '@mantine/core'
import { useDisclosure, useDocumentVisibility } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect } from 'react'
import { Route, Switch, useLocation } from 'wouter'

import { useSession } from '../features/session/session'
import { Start } from '../features/welcome/Start'
import { useI18n } from '../i18n'
import { refresh } from '../live/caches'
import { stream } from '../live/stream'
import { Fault } from '../ui/Fault'
import { Broken } from './Broken'
import { Navigation } from './Navigation'
import { SCREENS } from './screens'
import { Connection, Tools } from './Tools'

/** A hidden page gives its stream up after so many milliseconds. */
const HIDDEN = 30_000

export function Shell() {
  const { t } = useI18n()
  const { me } = useSession()
  const [open, { toggle, close }] = useDisclosure(false)
  const [location] = useLocation()
  useLive(me.role === 'admin')
  const screens = SCREENS.filter((screen) => !screen.admin || me.role === 'admin')
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('common.menu')} />
            <Text fw={700} size="lg" style={{ whiteSpace: 'nowrap' }}>
              {t('common.name')}
            </Text>
            {me.role === 'admin' && <Connection />}
          </Group>
          <Tools />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('common.menu')}>
        <Navigation screens={screens} onChosen={close} />
      </AppShell.Navbar>
      <AppShell.Main>
        <Broken place={location}>
          <Suspense fallback={<Waiting />}>
            <Switch>
              {screens.map((screen) => (
                <Route key={screen.path} path={screen.path} component={screen.page} />
              ))}
              <Route path="/" component={Start} />
              <Route>
                <Fault title={t('common.no_page')} />
              </Route>
            </Switch>
          </Suspense>
        </Broken>
      </AppShell.Main>
    </AppShell>
  )
}

function Waiting() {
  const { t } = useI18n()
  return (
    <Center mih={200}>
      <Loader aria-label={t('common.loading')} />
    </Center>
  )
}

function useLive(wanted: boolean): void {
  const queries = useQueryClient()
  const visibility = useDocumentVisibility()
  useEffect(() => {
    if (!wanted) return
    const end = refresh(queries, stream)
    stream.start()
    return () => {
      end()
      stream.stop()
    }
  }, [queries, wanted])
  useEffect(() => {
    if (visibility === 'visible') {
      stream.resume()
      return
    }
    const timer = setTimeout(() => stream.pause(), HIDDEN)
    return () => clearTimeout(timer)
  }, [visibility])
}
