import { Badge, Center, Group, Loader, Stack, Tabs, Text } from '@mantine/core'
import { useParams, useSearchParams } from 'wouter'

import type { Cdr, LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { FlowTab } from '../flow/FlowTab'
import { useRecordingsOf } from '../recordings/queries'
import { useSession } from '../session/session'
import { HangUp } from './HangUp'
import { Hold } from './Hold'
import { JsonTab } from './JsonTab'
import { MessagesTab } from './MessagesTab'
import { answered } from './recorded'
import { QualityTab } from './QualityTab'
import { RecordCall, Recorded } from './RecordCall'
import { RecordingTab } from './RecordingTab'
import { RootCalls } from './RootCalls'
import { Summary } from './Summary'
import { TransferCall } from './TransferCall'
import { type FoundCall, useCall, useRoot } from './useCall'
import { WebhooksTab } from './WebhooksTab'

const TABS = ['flow', 'messages', 'webhooks', 'recording', 'quality', 'json'] as const
type Tab = (typeof TABS)[number]

/** The server shows only admins what the other side sent and what receivers answered. */
const FOR_ADMINS: readonly Tab[] = ['flow', 'messages', 'webhooks']

export default function CallPage() {
  const { id } = useParams<{ id: string }>()
  const number = /^\d{1,15}$/.test(id) ? Number(id) : 0
  // What one call left behind in the page is not another one's.
  return <Call key={number} id={number} />
}

function Call({ id }: { id: number }) {
  const { t } = useI18n()
  const call = useCall(id)
  const title = t('flow.call_title', { id: String(id) })
  const actions =
    call.live === null ? undefined : (
      <>
        <Badge color="green" variant="light" tt="none" size="lg">
          {t('flow.call_live')}
        </Badge>
        {call.live.monitor_state === 1 && <Recorded />}
        <RecordCall call={call.live} />
        <Hold call={call.live} />
        <TransferCall call={call.live} />
        <HangUp call={call.live} />
      </>
    )
  return (
    <Page title={title} actions={actions}>
      <Body id={id} call={call} />
    </Page>
  )
}

function Body({ id, call }: { id: number; call: FoundCall }) {
  const { t } = useI18n()
  const root = useRoot(call.root, call.live === null)
  switch (call.state) {
    case 'failed':
      return <Fault error={call.error} retry={call.retry} />
    case 'missing':
      return <Fault title={t('flow.call_not_found')} retry={call.retry} />
    case 'loading':
      return (
        <Center mih={200}>
          <Loader aria-label={t('common.loading')} />
        </Center>
      )
    case 'ending':
    case 'live':
    case 'ended':
      return (
        <Stack>
          {call.error !== null && <Fault error={call.error} retry={call.retry} />}
          {call.state === 'ending' && <Ending />}
          <Summary live={call.live ?? (call.cdr === null ? call.last : null)} cdr={call.cdr} />
          {root.live.length + root.cdrs.length > 1 && <RootCalls id={id} live={root.live} cdrs={root.cdrs} />}
          {call.root !== null && <Details id={id} root={call.root} call={call} members={root} />}
        </Stack>
      )
  }
}

/** Between the end of a call and its record, which takes the blink of an eye. */
function Ending() {
  const { t } = useI18n()
  return (
    <Group role="status">
      <Loader size="sm" aria-hidden="true" />
      <Text>{t('flow.call_ending')}</Text>
    </Group>
  )
}

interface DetailsProps {
  id: number
  root: number
  call: FoundCall
  /** All calls of the root. */
  members: { live: LiveCall[]; cdrs: Cdr[] }
}

function Details({ id, root, call, members }: DetailsProps) {
  const { t } = useI18n()
  const admin = useSession().me.role === 'admin'
  const [search, setSearch] = useSearchParams()
  const tabs = TABS.filter((tab) => admin || !FOR_ADMINS.includes(tab))
  const wanted = search.get('tab')
  const tab = tabs.find((one) => one === wanted) ?? tabs[0] ?? 'json'
  const recordings = useRecordingsOf(answered(members.live, members.cdrs), members.live.length > 0)
  const recorded = recordings.data?.length ?? 0
  return (
    <Tabs
      value={tab}
      onChange={(value) => setSearch(value === null ? {} : { tab: value }, { replace: true })}
      keepMounted={false}
    >
      <Tabs.List aria-label={t('flow.call_tabs')} mb="sm">
        {tabs.map((one) => (
          <Tabs.Tab
            key={one}
            value={one}
            // It opens all the same: what is in it says why there is nothing to hear.
            {...(one === 'recording' && recorded === 0 ? { c: 'dimmed' } : {})}
            {...(one === 'recording' && recorded > 0
              ? {
                  rightSection: (
                    <Badge size="sm" variant="default" circle>
                      {recorded}
                    </Badge>
                  ),
                }
              : {})}
          >
            {t(one === 'flow' ? 'flow.title' : `flow.call_${one}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((one) => (
        <Tabs.Panel key={one} value={one}>
          <Content tab={one} id={id} root={root} call={call} members={members} recordings={recordings} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

interface ContentProps extends DetailsProps {
  tab: Tab
  recordings: ReturnType<typeof useRecordingsOf>
}

function Content({ tab, id, root, call, members, recordings }: ContentProps) {
  const cdr = call.cdr?.id ?? null
  const live = members.live.length > 0 || call.live !== null
  switch (tab) {
    case 'flow':
      return <FlowTab root={root} cdr={cdr} live={live} />
    case 'messages':
      return <MessagesTab root={root} cdr={cdr} live={live} />
    case 'webhooks':
      return <WebhooksTab root={root} live={live} />
    case 'recording':
      return <RecordingTab live={members.live} cdrs={members.cdrs} recordings={recordings} />
    case 'quality':
      return <QualityTab cdr={call.cdr} cdrs={members.cdrs} />
    case 'json':
      return <JsonTab id={id} root={root} call={call.live} />
  }
}
