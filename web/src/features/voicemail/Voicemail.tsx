import { Stack, Text } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { readId, readPlace } from '../../ui/listView'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Pages } from '../../ui/Pages'
import { useSearch } from '../../ui/useSearch'
import { useUserNames } from '../people/queries'
import { MessageTable } from './MessageTable'
import { useMessages } from './queries'

/** The messages that callers left. */
export default function Voicemail() {
  const { t, tn } = useI18n()
  const [params, change] = useSearch()
  const place = readPlace(params)
  const open = readId(params.get('open'))
  const messages = useMessages(place)
  const users = useUserNames()
  // What was opened by a press plays at once; what a link opens waits for one.
  const [pressed, press] = useState<number | null>(null)
  return (
    <Page title={t('voicemail.title')}>
      <Loaded query={messages}>
        {({ data, total }) => (
          <>
            {data.length > 0 ? (
              <MessageTable
                messages={data}
                users={users}
                open={open}
                pressed={pressed}
                onOpen={(id) => {
                  press(id)
                  change({ open: id === null ? null : String(id) })
                }}
              />
            ) : total > 0 ? (
              <Text>{t('voicemail.none_here')}</Text>
            ) : (
              <Stack gap="xs" maw={620}>
                <Text fw={600}>{t('voicemail.none')}</Text>
                <Text c="dimmed">{t('voicemail.none_text')}</Text>
              </Stack>
            )}
            {total > 0 && (
              <Pages place={place} total={total} count={tn('voicemail.count', total)} change={change} />
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}
