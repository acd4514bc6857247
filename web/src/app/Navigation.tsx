import { Anchor, NavLink, Stack, Text } from '@mantine/core'
import { Link, useLocation } from 'wouter'

import { useI18n } from '../i18n'
import type { Screen } from './screens'

/** The screens in their groups. A call's page is reached from live calls and from history, and belongs to neither. */
export function Navigation({ screens, onChosen }: { screens: Screen[]; onChosen: () => void }) {
  const { t } = useI18n()
  const [location] = useLocation()
  const groups = [...new Set(screens.flatMap(({ nav }) => (nav === undefined ? [] : [nav.group])))]
  return (
    <Stack gap="md">
      {groups.map((group) => (
        <Stack key={group} gap={4} role="group" aria-label={t(group)}>
          <Text size="xs" fw={700} c="dimmed" px="sm" aria-hidden>
            {t(group)}
          </Text>
          {screens.map(
            ({ path, nav }) =>
              nav?.group === group && (
                <NavLink
                  key={path}
                  component={Link}
                  href={path}
                  label={t(nav.label)}
                  variant="filled"
                  active={location === path || (path !== '/calls' && location.startsWith(`${path}/`))}
                  onClick={onChosen}
                />
              ),
          )}
        </Stack>
      ))}
      <Anchor href={LICENSES} target="_blank" size="xs" c="dimmed" px="sm">
        {t('common.licenses')}
      </Anchor>
    </Stack>
  )
}

/** Made by the build, of all that it bundles. */
const LICENSES = '/licenses.txt'
