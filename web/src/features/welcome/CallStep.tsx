import { Anchor, Button, Code, Group, List, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'

import { isKey, useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { Peer } from '../../ui/Peer'
import { Time } from '../../ui/Time'
import { useSession } from '../session/session'
import type { CallEvent, FirstCall } from './firstCall'

interface Props {
  /** The number to dial. */
  ext: string
  call: FirstCall
  onAgain: () => void
}

/** What to enter and to dial, and the first call as it arrives. */
export function CallStep({ ext, call, onAgain }: Props) {
  const { t } = useI18n()
  const { me } = useSession()
  return (
    <Stack>
      <Group gap="xs">
        <Text>{t('people.domain')}</Text>
        <Code>{me.sip_domain}</Code>
        <CopyButton
          text={me.sip_domain}
          aria-label={t('people.copy_what', { what: t('people.domain') })}
          size="compact-xs"
        />
      </Group>
      <Group gap="xs">
        <Text>{t('welcome.dial')}</Text>
        <Text fw={700} size="xl" className="numbers">
          {ext}
        </Text>
      </Group>
      {call.root === null && <Text c="dimmed">{t('welcome.waiting')}</Text>}
      <div role="log" aria-label={t('welcome.arriving')}>
        <List listStyleType="none" spacing={4}>
          {call.events.map((event) => (
            <Line key={event.id} event={event} />
          ))}
        </List>
      </div>
      {call.over && (
        <Group>
          <Anchor component={Link} href={`/calls/${call.root ?? 0}`}>
            {t('welcome.see_call')}
          </Anchor>
          <Button variant="subtle" size="xs" onClick={onAgain}>
            {t('welcome.watch_again')}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

function Line({ event }: { event: CallEvent }) {
  const { t } = useI18n()
  const key = `events.${event.event_name.replace('.', '_')}`
  return (
    <List.Item>
      <Group gap="xs" component="span">
        <Text span size="sm" c="dimmed">
          <Time at={event.event_time} short />
        </Text>
        <Code>{event.event_name}</Code>
        <Text span size="sm">
          <Peer text={event.src_name || event.src} most={40} />
          {' → '}
          <Peer text={event.dst_name || event.dst} most={40} />
        </Text>
        {isKey(key) && (
          <Text span size="sm" c="dimmed">
            {t(key)}
          </Text>
        )}
      </Group>
    </List.Item>
  )
}
