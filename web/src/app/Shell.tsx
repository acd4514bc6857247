import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Center,
  Group,
  Loader,
  NavLink,
  SegmentedControl,
  Stack,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure, useDocumentVisibility } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect } from 'react'
import { Link, Redirect, Route, Switch, useLocation } from 'wouter'

import { useSession } from '../features/session/session'
import { useI18n } from '../i18n'
import { refresh } from '../live/caches'
import { stream } from '../live/stream'
import { useStreamState } from '../live/useStream'
import { Fault } from '../ui/Fault'
import { SCREENS } from './screens'

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
            <Text fw={700} size="lg">
              {t('common.name')}
            </Text>
            {me.role === 'admin' && <Connection />}
          </Group>
          <Tools />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('common.menu')}>
        <Stack gap={4}>
          {screens.map(
            (screen) =>
              screen.nav !== undefined && (
                <NavLink
                  key={screen.path}
                  component={Link}
                  href={screen.path}
                  label={t(screen.nav)}
                  active={location === screen.path || location.startsWith(`${screen.path}/`)}
                  onClick={close}
                />
              ),
          )}
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main>
        <Suspense fallback={<Waiting />}>
          <Switch>
            {screens.map((screen) => (
              <Route key={screen.path} path={screen.path} component={screen.page} />
            ))}
            <Route path="/">
              <Redirect to="/calls" replace />
            </Route>
            <Route>
              <Fault title={t('common.no_page')} />
            </Route>
          </Switch>
        </Suspense>
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

/** Language, light or dark, and the way out. */
function Tools() {
  const { t, language, setLanguage } = useI18n()
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const { signOut, me } = useSession()
  return (
    <Group gap="xs" wrap="nowrap">
      <SegmentedControl
        size="xs"
        value={language}
        onChange={setLanguage}
        data={[
          { value: 'en', label: 'EN' },
          { value: 'es', label: 'ES' },
        ]}
        aria-label={t('common.language')}
      />
      <ActionIcon
        variant="default"
        size="lg"
        onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
        aria-label={t(scheme === 'dark' ? 'common.light' : 'common.dark')}
      >
        {scheme === 'dark' ? '☀' : '☾'}
      </ActionIcon>
      <Text size="sm" visibleFrom="md">
        {me.first_name}
      </Text>
      <Button variant="default" size="xs" onClick={() => void signOut()}>
        {t('session.sign_out')}
      </Button>
    </Group>
  )
}

/** Whether what is seen is kept up to date. */
function Connection() {
  const { t } = useI18n()
  const state = useStreamState()
  const live = state === 'live'
  return (
    <Text size="xs" c={live ? 'dimmed' : 'var(--mantine-color-error)'} role="status" data-stream={state}>
      {t(live ? 'common.stream_live' : 'common.stream_away')}
    </Text>
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
