import {
  ActionIcon,
  Button,
  Group,
  SegmentedControl,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'

import { useSession } from '../features/session/session'
import { useI18n } from '../i18n'
import { useStreamState } from '../live/useStream'

/** Language, light or dark, and the way out. */
export function Tools() {
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
export function Connection() {
  const { t } = useI18n()
  const state = useStreamState()
  const live = state === 'live'
  return (
    <Text
      size="xs"
      truncate
      c={live ? 'dimmed' : 'var(--mantine-color-error)'}
      role="status"
      data-stream={state}
    >
      {t(live ? 'common.stream_live' : 'common.stream_away')}
    </Text>
  )
}
