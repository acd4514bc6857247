import { Alert, Button, Stack, Text } from '@mantine/core'
import { lazy, type ReactNode, Suspense } from 'react'

import { address, api } from '../../api/client'
import type { Monitor } from '../../api/types'
import { useI18n } from '../../i18n'
import { octets } from '../../i18n/format'
import { keys } from '../../live/caches'
import { cut } from '../../ui/cut'
import { DeleteButton } from '../../ui/DeleteButton'
import { isolate } from '../../ui/isolate'
import { useDelete } from '../../ui/useDelete'
import { LANE, type Lane } from '../player/lanes'
import { Player } from '../player/Player'
import { usePeaks } from './queries'

// The library that draws is loaded with the first recording that is opened.
const Waveform = lazy(() => import('../player/Waveform'))

interface Props {
  recording: Monitor
  /** Who is heard on either channel, in as many words as are known. */
  names: { caller: ReactNode; called: ReactNode }
  onDeleted?: () => void
}

/** Listening to a recording, taking it along, and deleting it. */
export function RecordingPlayer({ recording, names, onDeleted }: Props) {
  const { t, language } = useI18n()
  const { id, caller, called } = recording
  const peaks = usePeaks(id)
  const remove = useDelete('/monitors', keys.monitors)
  const lanes: Lane[] =
    recording.channels === 2
      ? [
          { key: 'caller', label: names.caller },
          { key: 'called', label: names.called },
        ]
      : []
  const empty = <div style={{ height: LANE * Math.max(1, recording.channels) }} />
  const who = t('recordings.who', { from: isolate(cut(caller, 30)), to: isolate(cut(called, 30)) })
  return (
    <Stack gap="sm">
      {recording.cut && (
        <Alert color="orange" p="xs">
          <Text span size="sm" fw={650}>
            {t('recordings.cut')}
          </Text>{' '}
          {t('recordings.cut_text')}
        </Alert>
      )}
      {peaks.isError && (
        <Text size="sm" c="dimmed">
          {t('recordings.no_waveform')}
        </Text>
      )}
      <Player
        name={t('recordings.listen_who', { who })}
        src={address(`/monitors/${id}.mp3`)}
        length={peaks.data?.duration ?? recording.duration}
        recover={() => api.get(`/monitors/${id}`)}
        {...(peaks.isError
          ? {}
          : {
              track: (audio: HTMLAudioElement) =>
                peaks.data === undefined ? (
                  empty
                ) : (
                  <Suspense fallback={empty}>
                    <Waveform audio={audio} peaks={peaks.data} lanes={lanes} />
                  </Suspense>
                ),
            })}
      >
        {(['mp3', 'wav'] as const).map((kind) => (
          <Button
            key={kind}
            component="a"
            href={address(`/monitors/${id}.${kind}`)}
            download={`recording-${id}.${kind}`}
            variant="default"
            size="xs"
          >
            {t('recordings.download', {
              kind: `.${kind}`,
              size: octets(kind === 'mp3' ? recording.size : recording.size_wav, language),
            })}
          </Button>
        ))}
        <DeleteButton
          id={id}
          remove={remove}
          title={t('recordings.delete_title')}
          text={t('recordings.delete_text', { who })}
          done={t('recordings.deleted')}
          {...(onDeleted === undefined ? {} : { onDeleted })}
        />
      </Player>
    </Stack>
  )
}
