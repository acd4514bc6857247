import { Anchor, Badge, Group, Paper, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'

import type { Cdr, LiveCall, Monitor } from '../../api/types'
import { useI18n } from '../../i18n'
import { timer } from '../../i18n/format'
import { Loaded } from '../../ui/Loaded'
import { Time } from '../../ui/Time'
import type { useRecordingsOf } from '../recordings/queries'
import { RecordingPlayer } from '../recordings/RecordingPlayer'
import { useSession } from '../session/session'
import { PartyName } from './PartyName'
import { answered, speakers } from './recorded'

interface Props {
  live: readonly LiveCall[]
  cdrs: readonly Cdr[]
  recordings: ReturnType<typeof useRecordingsOf>
}

/** What was recorded of a conversation, to listen to. */
export function RecordingTab({ live, cdrs, recordings: query }: Props) {
  const running = live.some(({ monitor_state }) => monitor_state === 1)
  return (
    <Stack>
      {running && <Running />}
      <Loaded query={query}>
        {(recordings) => (
          <>
            {recordings.map((recording) => (
              <One key={recording.id} recording={recording} {...speakers(recording, live, cdrs)} />
            ))}
            {recordings.length === 0 && !running && <None live={live} cdrs={cdrs} />}
          </>
        )}
      </Loaded>
    </Stack>
  )
}

function Running() {
  const { t } = useI18n()
  return <Text>{t('recordings.running')}</Text>
}

function One({ recording, from, to }: { recording: Monitor } & ReturnType<typeof speakers>) {
  const { t } = useI18n()
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group gap="xs" justify="space-between">
          <Text fw={650} component="h2" size="sm" m={0}>
            <PartyName party={from} /> <span aria-hidden="true">→</span> <PartyName party={to} />
          </Text>
          <Group gap="xs">
            {recording.channels === 1 && (
              <Badge variant="default" tt="none" size="sm">
                {t('recordings.mixed')}
              </Badge>
            )}
            <Text size="xs" c="dimmed">
              <Time at={recording.timestamp} /> · <span className="numbers">{timer(recording.duration)}</span>
            </Text>
          </Group>
        </Group>
        <RecordingPlayer
          recording={recording}
          names={{ caller: <PartyName party={from} />, called: <PartyName party={to} /> }}
        />
      </Stack>
    </Paper>
  )
}

/** Why there is nothing to listen to. */
function None({ live, cdrs }: Pick<Props, 'live' | 'cdrs'>) {
  const { t } = useI18n()
  const admin = useSession().me.role === 'admin'
  if (live.length > 0) {
    return <Reason text={t('recordings.call_not_running')} more={t('recordings.call_begin')} link={admin} />
  }
  if (answered(live, cdrs).length === 0) return <Reason text={t('recordings.call_unanswered')} />
  return <Reason text={t('recordings.call_none')} more={t('recordings.call_how')} link={admin} />
}

function Reason({ text, more, link = false }: { text: string; more?: string; link?: boolean }) {
  const { t } = useI18n()
  return (
    <Stack gap={4} maw={620}>
      <Text>{text}</Text>
      {more !== undefined && <Text c="dimmed">{more}</Text>}
      {link && (
        <Anchor component={Link} href="/users" size="sm">
          {t('recordings.none_link')}
        </Anchor>
      )}
    </Stack>
  )
}
