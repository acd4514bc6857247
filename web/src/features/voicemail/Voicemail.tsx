import { Stack, Text } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Pages } from '../../ui/Pages'
import { useSearch } from '../../ui/useSearch'
import { useUserNames } from '../people/queries'
import { readId } from '../recordings/filters'
import { MessageTable } from './MessageTable'
import { useMessages } from './queries'

const SIZES = [25, 50, 100] as const

/** The messages that callers left. */
export default function Voicemail() {
  const { t, tn } = useI18n()
  const [params, change] = useSearch()
  const page = readId(params.get('page')) ?? 1
  const size = SIZES.find((known) => String(known) === params.get('size')) ?? SIZES[0]
  const open = readId(params.get('open'))
  const messages = useMessages(page, size)
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
              <Pages
                page={page}
                size={size}
                sizes={SIZES}
                total={total}
                count={tn('voicemail.count', total)}
                onPage={(next) => change({ page: next === 1 ? null : String(next), open: null }, 'push')}
                onSize={(next) => change({ size: String(next), page: null, open: null })}
              />
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}
