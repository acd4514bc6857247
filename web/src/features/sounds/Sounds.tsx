import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'

import type { Settings, Sound } from '../../api/types'
import { useI18n } from '../../i18n'
import { octets, span } from '../../i18n/format'
import { readId } from '../../ui/listView'
import { Loaded } from '../../ui/Loaded'
import { type Column, OpenTable } from '../../ui/OpenTable'
import { Page } from '../../ui/Page'
import { Peer } from '../../ui/Peer'
import classes from '../../ui/sounds.module.css'
import { Time } from '../../ui/Time'
import { useSearch } from '../../ui/useSearch'
import { AddSound } from './AddSound'
import { useSettings, useSounds } from './queries'
import { SoundPlayer } from './SoundPlayer'
import { SoundSettings } from './SoundSettings'

/** The library of sounds, and what of it callers hear. */
export default function Sounds() {
  const { t } = useI18n()
  const sounds = useSounds()
  const [adding, add] = useState(false)
  const [, change] = useSearch()
  return (
    <Page title={t('sounds.title')} actions={<Button onClick={() => add(true)}>{t('sounds.add')}</Button>}>
      <Loaded query={sounds}>
        {({ data }) => (
          <>
            <SoundSettings sounds={data} />
            <Library sounds={data} />
          </>
        )}
      </Loaded>
      {adding && (
        <AddSound
          onAdded={({ id }) => {
            add(false)
            change({ open: String(id) })
          }}
          onClose={() => add(false)}
        />
      )}
    </Page>
  )
}

function Library({ sounds }: { sounds: Sound[] }) {
  const { t, tn } = useI18n()
  const [params, change] = useSearch()
  // What was opened by a press plays at once; what a link opens waits for one.
  const [pressed, press] = useState<number | null>(null)
  const columns = useColumns(useSettings().data)
  const onOpen = (id: number | null) => {
    press(id)
    change({ open: id === null ? null : String(id) })
  }
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="baseline">
        <Title order={2} size="h4">
          {t('sounds.library')}
        </Title>
        {sounds.length > 0 && (
          <Text size="sm" c="dimmed">
            {tn('sounds.count', sounds.length)}
          </Text>
        )}
      </Group>
      {sounds.length === 0 ? (
        <Stack gap="xs" maw={620}>
          <Text fw={600}>{t('sounds.none')}</Text>
          <Text c="dimmed">{t('sounds.none_text')}</Text>
        </Stack>
      ) : (
        <OpenTable
          label={t('sounds.library')}
          kind="sound"
          rows={sounds}
          columns={columns}
          opens={({ name }) => t('sounds.open_name', { name })}
          open={readId(params.get('open'))}
          onOpen={onOpen}
        >
          {(sound) => (
            <SoundPlayer sound={sound} start={sound.id === pressed} onDeleted={() => onOpen(null)} />
          )}
        </OpenTable>
      )}
    </Stack>
  )
}

function useColumns(settings: Settings | undefined): Column<Sound>[] {
  const { t, language } = useI18n()
  return [
    { label: t('sounds.name'), cell: ({ name }) => <Peer text={name} most={60} /> },
    {
      label: t('sounds.used'),
      cell: ({ id }) => (
        <Group gap={6}>
          {(['music', 'greeting'] as const).map(
            (of) =>
              settings?.[of] === id && (
                <Badge key={of} variant="light" radius="sm" tt="none" color="cyan">
                  {t(`sounds.use_${of}`)}
                </Badge>
              ),
          )}
        </Group>
      ),
    },
    {
      label: t('sounds.length'),
      className: `numbers ${classes.tight}`,
      cell: ({ duration_ms: length }) => span(length / 1_000),
    },
    {
      label: t('recordings.size'),
      className: `numbers ${classes.tight}`,
      cell: ({ size }) => octets(size, language),
    },
    {
      label: t('sounds.added'),
      className: `${classes.tight}`,
      cell: ({ created_at: at }) => <Time at={at} />,
    },
  ]
}
